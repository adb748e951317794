import { replaceInvisible } from '../lib/text/invisible-text.ts';
import { emailAddress } from './email-address.ts';

/**
 * Explains why a text is not an acceptable address, and what to change, for people who pasted it from a mail program or a
 * list. It does not decide: email-address has refused the text already, and nothing is repaired. The first row that finds
 * something gives the sentence. No sentence repeats the text.
 */
export interface AddressFault {
  readonly reason: AddressFaultReason;
  /** What to do, without the full stop. */
  readonly message: string;
}

/** Stable words, for records and programs. */
export const ADDRESS_FAULT_REASONS = [
  'empty',
  'several_addresses',
  'more_than_address',
  'no_at_sign',
  'not_ascii',
  'local_part',
  'domain',
  'too_long',
  'malformed',
  'repeated',
] as const;

export type AddressFaultReason = (typeof ADDRESS_FAULT_REASONS)[number];

export const REPEATED: AddressFault = {
  reason: 'repeated',
  message: 'this address is in the list already (case is ignored)',
};

/** An address and a name. The cost grows faster than the length, so no longer text is read. */
const LONGEST_READ = 400;
/** A name may be an address, too. */
const MAX_AT_SIGNS = 2;

export function addressFault(text: string): AddressFault {
  if (text.length > LONGEST_READ) return { reason: 'too_long', message: TOO_LONG };
  const { rest, taken } = unwrap(text);
  if (rest === '') return { reason: 'empty', message: 'the entry is empty: write an address such as name@example.com' };
  if (holdsSeveral(text)) {
    if (isOneTwice(text)) return { reason: 'more_than_address', message: TWICE };
    return { reason: 'several_addresses', message: 'more than one address: give each address an entry of its own' };
  }
  if (taken.length > 0 && emailAddress(rest) !== null) {
    return {
      reason: 'more_than_address',
      message: `take away ${listed(taken)}, so that only name@example.com is left`,
    };
  }
  // Taking words away would cut such an address in two.
  if (emailAddress(text.replaceAll(/\s/g, '')) !== null) return { reason: 'malformed', message: BLANK_INSIDE };
  const [local = '', domain = ''] = rest.split('@');
  const found = FAULTS.find(({ holds }) => holds(rest, local, domain));
  return found ?? { reason: 'malformed', message: 'not an e-mail address of the plain form name@example.com' };
}

interface Wrapping {
  readonly what: string;
  /** Returns the text without it; the same text where there is none. */
  readonly remove: (text: string) => string;
}

const QUOTES = '"\'‘’‚‛“”„‟«»‹›`´';
const BLANKS = ' \t\r\n\u00a0\u3000';

/** What mail programs, chats, lists and spreadsheets put around an address, in the order in which it is taken away. */
const WRAPPINGS: readonly Wrapping[] = [
  { what: 'the blanks around it', remove: (text) => text.trim() },
  { what: 'the invisible characters', remove: (text) => replaceInvisible(text) },
  { what: 'the punctuation behind it', remove: (text) => withoutEnd(text, `${BLANKS};,.:!?；，、。`) },
  { what: 'the punctuation before it', remove: (text) => withoutStart(text, `${BLANKS};,.:*•·–—-`) },
  // Slack, Markdown
  { what: 'the link', remove: (text) => text.replace(/^<mailto:[^<>|]*\|([^<>|]*)>$/i, '$1') },
  { what: 'the link', remove: (text) => text.replace(/^\[[^\]]*\]\((?:mailto:)?([^()]*)\)$/i, '$1') },
  { what: 'the words behind it', remove: (text) => text.replace(/^([^<>]*<[^<>@]+@[^<>@]+>)\s[^<>@]*$/, '$1') },
  { what: 'the name and the angle brackets', remove: (text) => text.replace(/^[^<>]+<([^<>]*)>$/, '$1') },
  { what: 'the angle brackets', remove: (text) => text.replace(/^<([^<>]*)>$/, '$1') },
  { what: 'the words in brackets', remove: (text) => text.replace(/^([^()\s]*@[^()\s]*)\s?\([^()]*\)$/, '$1') },
  { what: 'the words in brackets', remove: (text) => text.replace(/^\([^()]*\)\s?([^()\s]*@[^()\s]*)$/, '$1') },
  { what: 'the brackets', remove: (text) => text.replace(/^[([{]([^()[\]{}]*)[)\]}]$/, '$1') },
  { what: 'the quotation marks', remove: (text) => withoutStart(withoutEnd(text, QUOTES), QUOTES) },
  { what: 'mailto:', remove: (text) => text.replace(/^mailto:/i, '') },
  { what: 'everything from the question mark on', remove: (text) => text.replace(/^([^?]*@[^?]*)\?.*$/, '$1') },
  { what: 'the words before it', remove: (text) => text.replace(/^[^@<>]*[:\s](?=[^\s:@]+@[^\s@]+$)/, '') },
  { what: 'the words behind it', remove: (text) => text.replace(/^([^\s@]+@[^\s@]+)\s[^@]*$/, '$1') },
  // One half of a pair
  { what: 'the punctuation behind it', remove: (text) => withoutEnd(text, `])}>/|\\${QUOTES}`) },
  { what: 'the punctuation before it', remove: (text) => withoutStart(text, `[({</|\\${QUOTES}`) },
];

/** A pattern with `+$` would read a long run once from each of its characters. */
function withoutEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1] ?? '')) end -= 1;
  return text.slice(0, end);
}

function withoutStart(text: string, characters: string): string {
  let start = 0;
  while (start < text.length && characters.includes(text[start] ?? '')) start += 1;
  return text.slice(start);
}

/** A paste has few layers. The bound keeps a crafted text from costing more. */
const MAX_LAYERS = 6;

function unwrap(text: string): { readonly rest: string; readonly taken: readonly string[] } {
  if (text.split('@').length - 1 > MAX_AT_SIGNS) return { rest: text, taken: [] };
  const taken = new Set<string>();
  let rest = text;
  for (let layer = 0; layer < MAX_LAYERS && emailAddress(rest) === null; layer += 1) {
    const before = rest;
    for (const { what, remove } of WRAPPINGS) {
      const shorter = remove(rest);
      if (shorter !== rest) taken.add(what);
      rest = shorter;
      if (emailAddress(rest) !== null) break;
    }
    if (rest === before) break;
  }
  return { rest, taken: [...taken] };
}

/** A separator between two texts with an at sign each. A display name may be an address, too. */
function holdsSeveral(text: string): boolean {
  if (/^[^<>;,]*<[^<>@]*@[^<>@]*>[\s;,.]*$/.test(text) || /^<mailto:[^<>]*\|[^<>]*>$/i.test(text)) return false;
  return /[^\s;,|/&；，、]@[^@]*[\s;,|/&；，、][^@]*@[^\s@]/.test(text);
}

/** As in `ann@acme.com (mailto:ann@acme.com)`. */
function isOneTwice(text: string): boolean {
  const addresses = text.match(/[^\s<>()[\]:;,|"'@]+@[^\s<>()[\]:;,|"'@]+/g) ?? [];
  const [first = ''] = addresses;
  return addresses.length > 1 && emailAddress(first) !== null && addresses.every((other) => isSame(first, other));
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

const TWICE = 'the same address twice: write it once, so that only name@example.com is left';
const BLANK_INSIDE = 'a blank inside the address: take it away';
const TOO_LONG = 'longer than an address can be (254 characters): write one address';
const PLAIN_ASCII = 'write it with plain letters (a-z), digits and . _ % + - only';

interface FaultRow extends AddressFault {
  readonly holds: (text: string, local: string, domain: string) => boolean;
}

const NOT_ASCII = /[^\u0020-\u007e]/;
const DOMAIN_TEXT = /^[A-Za-z0-9.-]*$/;

function fault(reason: AddressFaultReason, message: string, holds: FaultRow['holds']): FaultRow {
  return { reason, message, holds };
}

const FAULTS: readonly FaultRow[] = [
  fault('malformed', 'HTML codes such as &lt; or &#64;: write the characters themselves', (text) =>
    /&(?:#\d{1,5}|#x[\da-f]{1,5}|lt|gt|amp|quot|apos|nbsp|commat)(?:;|$)/i.test(text),
  ),
  fault('no_at_sign', 'the at sign is written as %40: write @', (text) => !text.includes('@') && text.includes('%40')),
  fault(
    'no_at_sign',
    'another character in place of the at sign: write @',
    (text) => !text.includes('@') && /[＠﹫]|[[({\s](?:at|@)[\])}\s]/i.test(text),
  ),
  fault('no_at_sign', 'no at sign: write the whole address, such as name@example.com', (text) => !text.includes('@')),
  fault(
    'malformed',
    'more than one at sign: an address has one',
    (text) => text.indexOf('@') !== text.lastIndexOf('@'),
  ),
  fault(
    'local_part',
    'nothing before the at sign: write the whole address, such as name@example.com',
    (_, local) => local === '',
  ),
  fault(
    'domain',
    'no domain behind the at sign: write the whole address, such as name@example.com',
    (_, __, domain) => domain === '',
  ),
  fault('malformed', 'an address of Exchange, not of the internet: write the form name@example.com', (text) =>
    /^\/o=|^EX:/i.test(text),
  ),
  fault(
    'domain',
    `full-width or look-alike characters in the domain: ${PLAIN_ASCII}`,
    (_, __, domain) => NOT_ASCII.test(domain) && !NOT_ASCII.test(domain.normalize('NFKC').replaceAll('。', '.')),
  ),
  fault(
    'not_ascii',
    'a domain with letters beyond a-z: write its form in plain letters, which begins with xn-- (the A-label)',
    (_, __, domain) => NOT_ASCII.test(domain),
  ),
  fault('not_ascii', "a typographic apostrophe before the at sign: write the plain one (')", (_, local) =>
    /[\u2018\u2019\u00b4]/.test(local),
  ),
  fault(
    'not_ascii',
    `a letter beyond a-z before the at sign: ${PLAIN_ASCII}, or ask for an address of that form`,
    (_, local) => NOT_ASCII.test(local),
  ),
  fault('malformed', BLANK_INSIDE, (text) => /\s/.test(text)),
  fault(
    'local_part',
    'a quoted name before the at sign is not accepted: use an address without quotation marks',
    (_, local) => local.includes('"'),
  ),
  fault('domain', 'a comma in the domain: write a full stop', (_, __, domain) => domain.includes(',')),
  fault('local_part', 'the part before the at sign is longer than 64 characters', (_, local) => local.length > 64),
  fault('too_long', TOO_LONG, (text) => text.length > 254),
  fault('malformed', 'two full stops in a row: write one', (text) => text.includes('..')),
  fault(
    'local_part',
    'a full stop at the beginning or the end of the part before the at sign: take it away',
    (_, local) => local.startsWith('.') || local.endsWith('.'),
  ),
  fault('local_part', `a character before the at sign that is not accepted: ${PLAIN_ASCII}`, (_, local) =>
    /[()<>[\]:;@\\,]/.test(local),
  ),
  fault('domain', 'an IP address in place of a domain: write a domain such as example.com', (_, __, domain) =>
    /^\[?[\d.]+\]?$|^\[/.test(domain),
  ),
  fault(
    'domain',
    'a full stop at the beginning or the end of the domain: take it away',
    (_, __, domain) => domain.startsWith('.') || domain.endsWith('.'),
  ),
  fault(
    'domain',
    'a character in the domain that no domain has: use letters a-z, digits, hyphens and full stops',
    (_, __, domain) => !DOMAIN_TEXT.test(domain),
  ),
  fault(
    'domain',
    'no ending such as .com behind the domain: write the whole address',
    (_, __, domain) => !domain.includes('.'),
  ),
  fault('domain', 'a hyphen at the beginning or the end of a part of the domain: take it away', (_, __, domain) =>
    /(?:^|\.)-|-(?:\.|$)/.test(domain),
  ),
  fault(
    'domain',
    'a part of the domain begins with xn-- and stands for no letters, or has two hyphens as its third and fourth character',
    (_, __, domain) => /(?:^|\.)..--/.test(domain),
  ),
  fault('domain', 'a part of the domain is longer than 63 characters', (_, __, domain) => /[^.]{64}/.test(domain)),
  fault('domain', 'the ending of the domain is not one that receives mail', () => true),
];

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
