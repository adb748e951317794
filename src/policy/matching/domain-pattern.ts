/**
 * Patterns for addresses: an address (`ann@acme.com`), a domain (`acme.com`: that domain only), or
 * `*.acme.com` (sub-domains of any depth, never the apex). Invariant: only `coveringPatterns` knows which pattern
 * covers which. All other code looks its results up in a hash map, so the cost of a look-up depends on the number of
 * labels in one domain and not on the number of patterns in a policy.
 */

import { areDomainLabels } from '../../lib/text/domain-labels.ts';

/** A policy is compared as written. */
const UPPER_CASE = /[A-Z]/;
const MAX_DOMAIN_LENGTH = 253;
const SUBDOMAINS = '*.';

/** True for `acme.com` and `*.acme.com`; false for a lone `*` and for a domain of one label. */
export function isDomainPattern(text: string): boolean {
  const wild = text.startsWith(SUBDOMAINS);
  const domain = wild ? text.slice(SUBDOMAINS.length) : text;
  return (
    domain.length <= MAX_DOMAIN_LENGTH &&
    (wild || domain.includes('.')) &&
    !UPPER_CASE.test(domain) &&
    areDomainLabels(domain)
  );
}

/** True for a pattern such as `*.com`, which covers a whole top-level domain. */
export function isTopLevelPattern(pattern: string): boolean {
  return pattern.startsWith(SUBDOMAINS) && !pattern.slice(SUBDOMAINS.length).includes('.');
}

/** Changes ASCII letters only: the Kelvin sign must not become a k, which would make it another person's address. */
export function lowerAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}

/** Every pattern that covers this one: itself first, then from narrow to wide. Expects lower case. */
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
