import { Secret } from '../lib/secret.ts';
import { pastedFault } from '../lib/text/pasted-secret.ts';
import { toHex } from '../lib/hex.ts';
import { hmacSha256Hex, sha256Hex } from '../lib/sha256.ts';
import { withoutMarkAndLineEnd } from '../lib/text/wrapped-value.ts';
import { unescapeAll } from './unescape.ts';

/**
 * Facts about a secret for the upstream (a key, a password, a token) that do not reveal it: whether it is valid, a
 * fingerprint that identifies it, and whether a text contains it, also in an encoded form. Invariant: no return value
 * contains the secret or a part of it.
 */

const MIN_KEY_LENGTH = 16;
/** A key is random: read as base64, it does not decode to printable characters only. */
const PRINTED_KEY = /^[\x21-\x7e]{16,}\r?\n?$/;
/** This many characters of a key in a row count as a leak. Fewer may be a coincidence. */
const PIECE_LENGTH = 12;
const GRAM_LENGTH = 6;
/** In every PIECE_LENGTH characters in a row, one gram starts at a multiple of this. */
const STRIDE = PIECE_LENGTH - GRAM_LENGTH + 1;

/** Removes the one line end that editors and `echo` append to a key, and the mark that Windows puts before it. */
export function trimApiKey(value: string): string {
  return withoutMarkAndLineEnd(value);
}

/** The reason why `value` cannot be a key, as half a sentence without the value; null when it can. */
export function checkApiKey(value: string): string | null {
  const key = trimApiKey(value);
  if (key === '') return 'is empty';
  const pasted = pastedFault(key, { base64Of: PRINTED_KEY });
  if (pasted !== null) return pasted;
  if (/[\r\n]/.test(key)) return 'holds a line break';
  if (/\s/.test(key)) return 'holds a space';
  // RFC 9110 §5.5: every hop passes visible ASCII on unchanged.
  if (!/^[\x21-\x7e]+$/.test(key)) return 'holds characters other than visible ASCII';
  if (key.length < MIN_KEY_LENGTH) return `is shorter than ${MIN_KEY_LENGTH} characters`;
  // The search needs so many characters when every escape in the text is removed.
  if (forms(key).some((form) => form.length < MIN_KEY_LENGTH)) return 'consists of escapes';
  return null;
}

/**
 * The reason why `value` cannot be the password of GALILEO_AUTH=basic or password. A shorter password, or one with other
 * characters, could not be found in every rendering in which it may leak.
 */
export function checkPassword(value: string): string | null {
  const fault = checkApiKey(value);
  return fault !== null && PASSWORD_FAULTS.has(fault) ? `${fault}; ${PASSWORD_HELP}` : fault;
}

const PASSWORD_FAULTS: ReadonlySet<string> = new Set([
  'holds a space',
  'holds characters other than visible ASCII',
  `is shorter than ${MIN_KEY_LENGTH} characters`,
]);
const PASSWORD_HELP = `give the account a password of at least ${MIN_KEY_LENGTH} visible ASCII characters`;

/** The reason why `value` cannot be a user name; null when it can. */
export function checkUsername(value: string): string | null {
  if (!/^[\x21-\x7e]+$/.test(value)) return 'must be one word of visible ASCII characters';
  return value.length > 320 ? 'is longer than 320 characters' : null;
}

/** The first 12 hex digits of SHA-256 over a label and the key. */
export function fingerprint(key: Secret): string {
  return factsOf(key).fingerprint;
}

/**
 * 12 hex digits that tell one password of an account from another. A password can be guessed, so a hash of it may not
 * leave this process. This is an HMAC under a salt that only the ledger holds: who reads records learns nothing. It is
 * made of 16 bits of another HMAC, so who has the ledger, too, cannot confirm a guess: one password in 65,536 has the
 * same fingerprint. docs/decisions/0013 has the reasons.
 */
export function passwordFingerprint(
  password: Secret,
  { salt, account }: { readonly salt: string; readonly account: string },
): string {
  const key = new TextEncoder().encode(salt);
  const tag = hmacSha256Hex(key, JSON.stringify(['tag', account, password.reveal()])).slice(0, 4);
  return hmacSha256Hex(key, JSON.stringify(['fingerprint', account, tag])).slice(0, 12);
}

const knownForms = new WeakMap<Secret, readonly Secret[]>();

/**
 * The password and the forms in which it goes to Galileo, for searches: in base64 behind the user name (HTTP Basic), of
 * which only the characters count that depend on the password, and in a form.
 */
export function formsOfPassword(password: Secret, username: string): readonly Secret[] {
  const known = knownForms.get(password);
  if (known !== undefined) return known;
  const text = password.reveal();
  const basic = base64Core(new TextEncoder().encode(text), username.length + 1);
  const inForm = new URLSearchParams([['', text]]).toString().slice(1);
  const made = [password, new Secret(basic), ...(inForm === text ? [] : [new Secret(inForm)])];
  knownForms.set(password, made);
  return made;
}

export function isSameKey(a: Secret, b: Secret): boolean {
  return a.reveal() === b.reveal();
}

/**
 * Creates a test for texts that contain one of `keys`: the key in one of the renderings that SECURITY.md lists, or 12
 * characters of one.
 */
export function createKeySearch(keys: readonly Secret[]): (text: string) => boolean {
  const facts = keys.map(factsOf);
  return (text) => forms(text).some((form) => facts.some((fact) => holdsPiece(form, fact)));
}

interface KeyFacts {
  readonly fingerprint: string;
  /** Every sequence of PIECE_LENGTH characters of every rendering, lower-case. */
  readonly pieces: ReadonlySet<string>;
  /** Every sequence of GRAM_LENGTH characters: a cheap filter before `pieces`. */
  readonly grams: ReadonlySet<string>;
}

const knownFacts = new WeakMap<Secret, KeyFacts>();

function factsOf(secret: Secret): KeyFacts {
  let facts = knownFacts.get(secret);
  if (facts === undefined) {
    const key = secret.reveal();
    const searched = renderings(key).flatMap(forms);
    facts = {
      fingerprint: sha256Hex(`galileo-api-key:${key}`).slice(0, 12),
      pieces: windows(searched, PIECE_LENGTH),
      grams: windows(searched, GRAM_LENGTH),
    };
    knownFacts.set(secret, facts);
  }
  return facts;
}

/** Escaped renderings are not listed. The text is unescaped instead, which also finds partly escaped keys. */
function renderings(key: string): string[] {
  const bytes = new TextEncoder().encode(key);
  const base64 = [0, 1, 2].map((offset) => base64Core(bytes, offset));
  const base64url = base64.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'));
  return [key, [...key].toReversed().join(''), toHex(bytes), ...base64, ...base64url];
}

/** The base64 characters that depend only on the key when `offset` other bytes precede it and any bytes follow it. */
function base64Core(key: Uint8Array, offset: number): string {
  const text = btoa('\0'.repeat(offset) + String.fromCharCode(...key));
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + key.length) * 8) / 6));
}

function windows(texts: readonly string[], length: number): Set<string> {
  const found = new Set<string>();
  for (const text of texts) {
    for (let at = 0; at + length <= text.length; at += 1) found.add(text.slice(at, at + length));
  }
  return found;
}

/**
 * The text itself and the text without escapes, in lower case. The key itself may hold what looks like an escape, so
 * both are made of the key as well. The third form is without backslashes: the escape of one and the escape behind it
 * read as two backslashes in a row, of which one is left.
 */
function forms(text: string): string[] {
  const plain = text.toLowerCase();
  if (!/[%\\&]/.test(text)) return [plain];
  const unescaped = unescapeAll(text);
  return unescaped.includes('\\') ? [plain, unescaped, unescaped.replaceAll('\\', '')] : [plain, unescaped];
}

function holdsPiece(text: string, { pieces, grams }: KeyFacts): boolean {
  for (let at = 0; at + GRAM_LENGTH <= text.length; at += STRIDE) {
    if (!grams.has(text.slice(at, at + GRAM_LENGTH))) continue;
    for (let start = Math.max(0, at - STRIDE + 1); start <= at; start += 1) {
      if (pieces.has(text.slice(start, start + PIECE_LENGTH))) return true;
    }
  }
  return false;
}
