/**
 * Reads a pasted list of addresses, or CSV with one column. Invariant: it repairs nothing. Every text becomes an address
 * as it was written, or is listed as a duplicate or as rejected; only names before `<…>` or `(…)`, marks of list items and the
 * heading of a column are left out.
 */
import { isEmailAddress } from './email-address.ts';

export interface ParsedAddresses {
  /** Each once, in their order. */
  readonly addresses: string[];
  /** Further occurrences; case is ignored. */
  readonly duplicates: readonly ListedText[];
  readonly rejected: readonly RejectedText[];
  /** The heading of the column, when the list has one. */
  readonly header: string | null;
}

export interface ListedText {
  readonly text: string;
  /** From 1. */
  readonly line: number;
}

export interface RejectedText extends ListedText {
  readonly reason: 'no_at_sign' | 'several_words' | 'malformed';
}

const LINE_END = /\r\n|[\n\r\u0085\u2028\u2029]/;
/** Latin, Arabic, and the full-width forms of Chinese and Japanese. */
const SEPARATOR = ',;|\t\u060c\u061b\uff0c\uff1b\u3001\uff5c';
/**
 * A piece between separators, and whether a comma ends it. Quotation marks and angle brackets protect what is inside; a mark
 * without a partner (`Bo 5" <bo@acme.com>`) does not reach beyond the next bracket.
 */
const PIECE = new RegExp(`((?:"[^"<>]*"|<[^<>]*>|[^${SEPARATOR}])+)(,?)`, 'g');
/** `- ann@acme.com` and `1. ann@acme.com`, as in documents and chats. */
const LIST_ITEM = /^\s*(?:[-*+\u2013\u2014\u2022\u00b7\u25aa\u25e6]|\d{1,3}[.)])\s+/;
const HEADING = /mail|adres|address|correo|courriel|indirizz|correio|e-?post|почт|адрес|メール|邮|郵|메일/i;

export function parseAddresses(list: string): ParsedAddresses {
  const addresses = new Map<string, string>();
  const duplicates: ListedText[] = [];
  const rejected: RejectedText[] = [];
  let header: string | null = null;
  let isFirst = true;

  for (const [index, row] of list.split(LINE_END).entries()) {
    const line = index + 1;
    // Format characters (a byte order mark, a zero-width space) are in no address and cannot be seen.
    const text = row.replace(/\p{Cf}/gu, '').replace(LIST_ITEM, '');
    const pieces = [...text.matchAll(PIECE)].filter(([, piece = '']) => piece.trim());
    if (pieces.length === 0) continue;
    const [[, only = ''] = [], second] = pieces;
    if (isFirst && second === undefined && !only.includes('@') && HEADING.test(only)) header = plain(only);
    else
      for (const [at, [, piece = '', comma]] of pieces.entries())
        read(piece.trim(), comma ? (pieces[at + 1]?.[1] ?? '') : '', line);
    isFirst = false;
  }
  return { addresses: [...addresses.values()], duplicates, rejected, header };

  /** `next`: the piece behind a comma. */
  function read(piece: string, next: string, line: number): void {
    const bracketed = bracketedIn(piece);
    const words = plain(piece).split(/\s+/);
    if (bracketed.length > 0) for (const inside of bracketed) take(inside, piece, line);
    else if (!piece.includes('@')) {
      // `Smith, Ann <ann@acme.com>`, but not `Ann Smith; Bo <bo@acme.com>`: that are two people.
      if (bracketedIn(next).length === 0) rejected.push({ text: piece, line, reason: 'no_at_sign' });
    } else if (words.every((word) => word.includes('@'))) for (const word of words) take(plain(word), word, line);
    else rejected.push({ text: piece, line, reason: 'several_words' });
  }

  function take(address: string, text: string, line: number): void {
    const folded = address.toLowerCase();
    if (!isEmailAddress(address)) rejected.push({ text, line, reason: 'malformed' });
    else if (addresses.has(folded)) duplicates.push({ text: address, line });
    else addresses.set(folded, address);
  }
}

/**
 * The addresses in brackets. Chats write `<mailto:ann@acme.com|ann@acme.com>`, some mail programs `Ann (ann@acme.com)`. Round
 * brackets behind another address are a remark: nothing says which of the two is meant, so neither is left out.
 */
function bracketedIn(piece: string): string[] {
  const angled = insides(piece, /<([^<>]*)>/g);
  const round = insides(piece, ROUND);
  const rest = piece.replace(ROUND, '').replace(round[0] ?? '', '');
  return angled.length > 0 || rest.includes('@') ? angled : round;
}

const ROUND = /\(([^<>()]*)\)/g;

function insides(piece: string, brackets: RegExp): string[] {
  return [...piece.matchAll(brackets)]
    .map(([, inside = '']) => plain(inside.replace(/\|.*/s, '')))
    .filter((text) => text.includes('@'));
}

/** Without quotation marks around it and without the scheme of a link. */
function plain(text: string): string {
  const bare = text
    .trim()
    .replace(/^(["'])(.*)\1$/, '$2')
    .replace(/^[\u2018\u201c\u201e\u00ab](.*)[\u2019\u201c\u201d\u00bb]$/, '$1')
    .trim();
  return /^mailto:([^?]*)/i.exec(bare)?.[1] ?? bare;
}
