import type { Secret } from '../lib/secret.ts';
import { toHex } from '../lib/hex.ts';
import { sha256Hex } from '../lib/sha256.ts';

/**
 * Facts about an upstream key that do not reveal it: whether it is valid as a header value, a fingerprint that
 * identifies it, and whether a text contains it, also in an encoded form. Invariant: no return value contains the key
 * or a part of it.
 */

const MIN_KEY_LENGTH = 16;
/** This many characters of a key in a row count as a leak. Fewer may be a coincidence. */
const PIECE_LENGTH = 12;
const GRAM_LENGTH = 6;
/** In every PIECE_LENGTH characters in a row, one gram starts at a multiple of this. */
const STRIDE = PIECE_LENGTH - GRAM_LENGTH + 1;
/** The number of escaping layers that a search removes. */
const UNESCAPE_ROUNDS = 3;

/** Removes the one line end that editors and `echo` append to a key. */
export function trimApiKey(value: string): string {
  return value.replace(/\r?\n$/, '');
}

/** The reason why `value` cannot be a key, as half a sentence without the value; null when it can. */
export function checkApiKey(value: string): string | null {
  const key = trimApiKey(value);
  if (key === '') return 'is empty';
  if (/[\r\n]/.test(key)) return 'holds a line break';
  if (/\s/.test(key)) return 'holds a space';
  // RFC 9110 §5.5: every hop passes visible ASCII on unchanged.
  if (!/^[\x21-\x7e]+$/.test(key)) return 'holds characters other than visible ASCII';
  if (key.length < MIN_KEY_LENGTH) return `is shorter than ${MIN_KEY_LENGTH} characters`;
  return null;
}

/** The first 12 hex digits of SHA-256 over a label and the key. */
export function fingerprint(key: Secret): string {
  return factsOf(key).fingerprint;
}

export function isSameKey(a: Secret, b: Secret): boolean {
  return a.reveal() === b.reveal();
}

/**
 * Creates a test for texts that contain one of `keys`: the whole key, one of its `renderings`, or 12 characters of
 * these.
 */
export function createKeySearch(keys: readonly Secret[]): (text: string) => boolean {
  const facts = keys.map(factsOf);
  return (text) => unescapings(text).some((form) => facts.some((fact) => holdsPiece(form, fact)));
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
    const forms = renderings(key).map((form) => form.toLowerCase());
    facts = {
      fingerprint: sha256Hex(`galileo-api-key:${key}`).slice(0, 12),
      pieces: windows(forms, PIECE_LENGTH),
      grams: windows(forms, GRAM_LENGTH),
    };
    knownFacts.set(secret, facts);
  }
  return facts;
}

/** URL- and JSON-escaped forms are not listed. The text is unescaped instead, which also finds partly escaped keys. */
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

function windows(forms: readonly string[], length: number): Set<string> {
  const found = new Set<string>();
  for (const form of forms) {
    for (let at = 0; at + length <= form.length; at += 1) found.add(form.slice(at, at + length));
  }
  return found;
}

/** The text itself, and the text after each removed layer of percent- and backslash-escapes; all in lower case. */
function unescapings(text: string): string[] {
  const forms = [text.toLowerCase()];
  let current = text;
  for (let round = 0; round < UNESCAPE_ROUNDS; round += 1) {
    const plain = peel(current);
    if (plain === current) break;
    forms.push(plain.toLowerCase());
    current = plain;
  }
  return forms;
}

function peel(text: string): string {
  if (!/[%\\]/.test(text)) return text;
  // One pass from left to right, as a decoder works: an escaped backslash must not be part of the next escape.
  return text.replace(
    /\\(["'\\/])|(?:%|\\u00|\\x)([0-9a-f]{2})/gi,
    (_escape, plain?: string, hex?: string) => plain ?? String.fromCharCode(Number.parseInt(hex ?? '', 16)),
  );
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
