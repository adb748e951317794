import type * as z from 'zod';
import { isDomainPattern } from '../../matching/domain-pattern.ts';
import { suggest } from './suggest.ts';

/**
 * What to write instead of a value of the wrong kind, or of a word that is none of the known ones. The result is the
 * end of a sentence, or nothing. It repeats a value only if it has the form of a name, a set or a domain: any other
 * text may be an address.
 */
type Kind = 'number' | 'boolean' | 'null' | 'text' | 'list' | 'mapping';

const QUOTE_NUMBER = 'YAML reads this as a number: put it in quotes';
const EMPTY = 'this key is empty: write a value, or remove the key';

/** By the expected kind, as zod names it, and the kind that is there. */
const BY_KIND: Readonly<Record<string, Partial<Record<Kind, string>>>> = {
  string: {
    number: QUOTE_NUMBER,
    boolean: 'YAML reads this as true or false: put it in quotes',
    null: 'YAML reads this as nothing: put it in quotes, or remove it',
    list: 'write one text, without brackets',
    mapping: 'a text with ": " in it or with braces around it needs quotes',
  },
  array: { null: EMPTY, mapping: 'begin each entry with "- "', number: 'write it in quotes and in brackets: ["…"]' },
  boolean: { text: 'write true or false, without quotes (no, off and 0 are not false in YAML 1.2)' },
  record: { null: EMPTY, list: 'write each entry as name: value, without "- "' },
  object: { null: EMPTY, text: 'write keys and values: { key: value }', list: 'write keys and values, without "- "' },
  int: { text: 'write the digits alone, without quotes' },
};

/** What people write for everything or everybody. */
const EVERYTHING = /^(?:\*|any|all|every(?:one|body|thing)|anyone|anybody)$/i;
const WITHOUT_ANY: ReadonlyMap<string, string> = new Map(
  Object.entries({
    allow: 'an allow rule names its callers, one by one; there is no "anyone"',
    domains: 'there is no "anyone": name each domain. A deny rule for everybody leaves domains and emails out',
    emails: 'there is no "anyone": name each address. A deny rule for everybody leaves domains and emails out',
    client_id: 'leave the key out, and every client of the issuer matches',
    subject: 'leave the key out, and every subject of the issuer matches',
    groups: 'name each group, or leave the key out',
  }),
);

/** Lists of words that may be `any` as a whole. */
const TAKING_ANY: ReadonlySet<string> = new Set(['roles', 'auth_methods']);

/** `key` is the nearest key above the value. */
export function kindAdvice(expected: string, value: unknown, key: string): string {
  const kind = kindOf(value);
  if (expected !== 'array' || kind !== 'text') return end(BY_KIND[expected]?.[kind]);
  return end(everything(value) ? (WITHOUT_ANY.get(key) ?? 'there is no "anyone": name each one') : inBrackets(value));
}

/** For a value that is neither `any` nor a list. */
export function anyOrListAdvice(value: unknown, key: string): string {
  if (everything(value) || value === true) return end('write any');
  if (kindOf(value) === 'null') return end(EMPTY);
  if (key === 'groups' && /^(?:none|no)$/i.test(String(value))) return end('leave the key out');
  return kindOf(value) === 'text' ? end(inBrackets(value)) : '';
}

/** For a value that is none of the known words. */
export function wordAdvice(value: unknown, known: readonly z.core.util.Primitive[], key: string): string {
  if (Array.isArray(value)) return end('write one of them, without brackets');
  if (everything(value) && TAKING_ANY.has(key)) return end(`write ${key}: any, without brackets, for all of them`);
  const words = known.filter((word) => typeof word === 'string');
  return typeof value === 'string' ? suggest(value, words) : '';
}

function everything(value: unknown): boolean {
  return typeof value === 'string' && EVERYTHING.test(value);
}

function inBrackets(value: unknown): string {
  const text = String(value);
  const isName = /^\$?[A-Za-z0-9][\w.-]{0,63}$/.test(text) || isDomainPattern(text);
  return isName
    ? `write it as a list: [${text.startsWith('*') ? `"${text}"` : text}]`
    : 'write it as a list, in brackets';
}

function end(advice: string | undefined): string {
  return advice === undefined ? '' : `: ${advice}`;
}

function kindOf(value: unknown): Kind {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'object') return 'mapping';
  return typeof value === 'string' ? 'text' : typeof value === 'boolean' ? 'boolean' : 'number';
}
