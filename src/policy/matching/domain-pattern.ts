/**
 * Patterns that name addresses: an address (`ann@acme.com`), a domain (`acme.com`: that domain only), or
 * `*.acme.com` (sub-domains of any depth, never the apex). Invariant: `coveringPatterns` is the only place that
 * knows which pattern covers which; everything else looks its answers up in a hash map, so a look-up costs
 * the labels of one domain however many patterns a policy has.
 */

/** RFC 1123 §2.1, lower case only: a policy is compared as written. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const MAX_DOMAIN_LENGTH = 253;
const SUBDOMAINS = '*.';

/** True for `acme.com` and `*.acme.com`; a lone `*` and a domain of one label are neither. */
export function isDomainPattern(text: string): boolean {
  const wild = text.startsWith(SUBDOMAINS);
  const domain = wild ? text.slice(SUBDOMAINS.length) : text;
  const labels = domain.split('.');
  return (
    domain.length <= MAX_DOMAIN_LENGTH && labels.length >= (wild ? 1 : 2) && labels.every((label) => LABEL.test(label))
  );
}

/** True for `*.com` and the like, which open a whole top-level domain. */
export function isTopLevelPattern(pattern: string): boolean {
  return pattern.startsWith(SUBDOMAINS) && !pattern.slice(SUBDOMAINS.length).includes('.');
}

/** ASCII letters only: the Kelvin sign must not become a k and so somebody else's address. */
export function lowerAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}

/** Every pattern that covers this one, itself first, then from near to far. Wants lower case. */
export function coveringPatterns(pattern: string): string[] {
  const at = pattern.lastIndexOf('@');
  if (at >= 0) return [pattern, ...coveringPatterns(pattern.slice(at + 1))];
  const patterns = [pattern];
  const start = pattern.startsWith(SUBDOMAINS) ? SUBDOMAINS.length : 0;
  for (let dot = pattern.indexOf('.', start); dot >= 0; dot = pattern.indexOf('.', dot + 1)) {
    patterns.push(`*${pattern.slice(dot)}`);
  }
  return patterns;
}
