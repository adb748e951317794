/**
 * The syntax of an acceptable e-mail address: the ASCII dot-atom form of RFC 5321 §4.1.2, without quoting, comments or
 * address literals. It never normalises, and it is not a deliverability check. Invariant: Python's email-validator
 * reads no address accepted here as one at another domain, so no later reader can see another organisation in it.
 * A domain in letters of another script is refused; its A-label (`xn--…`) is accepted when it is a real one
 * (lib/text/domain-labels).
 */
import { areDomainLabels } from '../lib/text/domain-labels.ts';

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
const ENDS_WITH_LETTER = /[A-Za-z]$/;
/** Top-level names without public mail (RFC 6761, RFC 6762, RFC 7686, RFC 3172); the list of email-validator. */
const RESERVED = new Set(['arpa', 'invalid', 'local', 'localhost', 'onion', 'test']);

/** The parts of an acceptable address; null for any other text. */
export function emailAddress(text: string): EmailAddress | null {
  if (text.length > MAX_ADDRESS_LENGTH) return null;
  const at = text.indexOf('@');
  if (at < 0 || text.includes('@', at + 1)) return null;
  const local = text.slice(0, at);
  if (!isLocalPart(local)) return null;
  const domain = readDomain(text.slice(at + 1));
  return domain === null ? null : { local, domain };
}

/** The addresses of a request mostly share a domain, so the last answer is kept. */
let lastRead: { readonly text: string; readonly domain: string | null } = { text: '', domain: null };

function readDomain(text: string): string | null {
  if (text !== lastRead.text) lastRead = { text, domain: isDomain(text) ? text.toLowerCase() : null };
  return lastRead.domain;
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
    ENDS_WITH_LETTER.test(top) &&
    !RESERVED.has(top.toLowerCase()) &&
    areDomainLabels(text)
  );
}
