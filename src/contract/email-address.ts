/**
 * The syntax of an acceptable e-mail address: the ASCII dot-atom form of RFC 5321 §4.1.2, without quoting, comments or
 * address literals. It never normalises, and it is not a deliverability check. Invariant: Python's email-validator
 * accepts every address accepted here, with the same domain, so no later reader can see another organisation in it.
 * Labels of the form `??--`, such as `xn--`, are refused: a check that one is real needs IDNA tables, and a reviewer
 * cannot compare them with a policy written in letters.
 */
export interface EmailAddress {
  /** Exactly as given. */
  readonly local: string;
  /** In lower case: domains ignore case (RFC 5321 §2.4). */
  readonly domain: string;
}

const MAX_ADDRESS_LENGTH = 254;
const MAX_LOCAL_LENGTH = 64;
const MAX_DOMAIN_LENGTH = 253;

/** RFC 5322 §3.2.3, ASCII only. No `i` and `u` flags: with both, the Kelvin sign matches K. */
const DOT_ATOM = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
/** RFC 1123 §2.1, without labels whose third and fourth characters are hyphens (RFC 5891 §4.2.3.1). */
const LABEL = /^(?!..--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const ENDS_WITH_LETTER = /[A-Za-z]$/;
/** Top-level names without public mail (RFC 6761, RFC 6762, RFC 7686, RFC 3172); the list of email-validator. */
const RESERVED = new Set(['arpa', 'invalid', 'local', 'localhost', 'onion', 'test']);

/** The parts of an acceptable address; null for any other text. */
export function emailAddress(text: string): EmailAddress | null {
  if (text.length > MAX_ADDRESS_LENGTH) return null;
  const [local, domain, ...rest] = text.split('@');
  if (local === undefined || domain === undefined || rest.length > 0) return null;
  return isLocalPart(local) && isDomain(domain) ? { local, domain: domain.toLowerCase() } : null;
}

function isLocalPart(text: string): boolean {
  return text.length <= MAX_LOCAL_LENGTH && DOT_ATOM.test(text);
}

function isDomain(text: string): boolean {
  const labels = text.split('.');
  const top = labels.at(-1) ?? '';
  return (
    text.length <= MAX_DOMAIN_LENGTH &&
    labels.length >= 2 &&
    labels.every((label) => LABEL.test(label)) &&
    ENDS_WITH_LETTER.test(top) &&
    !RESERVED.has(top.toLowerCase())
  );
}
