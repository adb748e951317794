/**
 * The small words of a story: texts from outside, addresses, times and counts as parts of a sentence. Pure. A text from
 * outside (a subject, a User-Agent, a note) can neither end the sentence around it nor reach a terminal as a command: it is
 * shown as one plain word, or in quotation marks with every invisible character escaped.
 */
import { RECORDED_EMAIL } from '../../audit/record-vocabulary.ts';
import { replaceInvisible, shorten } from '../../lib/text/invisible-text.ts';

const PLAIN = /^[\w.:@/|+=~-]+$/;
/** Up to four words of letters. */
const NAME = /^[\p{L}\p{M}][\p{L}\p{M}'’.-]*(?: [\p{L}\p{M}][\p{L}\p{M}'’.-]*){0,3}$/u;
const MAX_FOREIGN_LENGTH = 500;

/** One plain word as it is; any other text in quotation marks. */
export function foreign(text: string): string {
  return PLAIN.test(text) && text.length <= MAX_FOREIGN_LENGTH ? text : quoted(text);
}

/** The name of a person as it is, when it looks like one. */
export function nameWords(text: string): string {
  return NAME.test(text) && text.length <= MAX_FOREIGN_LENGTH ? text : foreign(text);
}

/** In quotation marks, in which it cannot end them. */
export function quoted(text: string): string {
  return `"${visible(shorten(text, MAX_FOREIGN_LENGTH).replaceAll(/["\\]/g, String.raw`\$&`))}"`;
}

/** Every invisible character as its code point: `\u{1b}`. */
export function visible(text: string): string {
  return replaceInvisible(text, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** `a@acme.com, b@acme.com and 3 more`, in the form that is recorded. */
export function addressList(emails: readonly string[], shown: number): string {
  return listWords(emails.slice(0, shown).map(addressWords), emails.length);
}

export function addressWords(email: string): string {
  return RECORDED_EMAIL.test(email) ? email : foreign(email);
}

/** The items, and how many more there are of `total`. */
export function listWords(items: readonly string[], total = items.length): string {
  const more = total - items.length;
  return `${items.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** `2026-03-02 10:00:41 UTC`. A text that is no time is shown as it is. */
export function instantWords(time: string): string {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.\d+)?Z$/.exec(time);
  return match === null ? foreign(time) : `${match[1]} ${match[2]} UTC`;
}

/** `0.21 s`. */
export function secondsWords(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
