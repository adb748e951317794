import type { InvalidJson, JsonRefusal } from '../../contract/strict-json.ts';
import { wrappedFault } from '../../lib/text/wrapped-value.ts';

/**
 * Says why a text that a person wrote is no JSON, in words that lead to the mistake: the cause, and the place by line
 * and column. Pure. It quotes nothing of the text.
 */
export function jsonFault(text: string, { position, reason }: InvalidJson): string {
  const characters = [...text];
  const before = characters.slice(0, position).join('');
  const behind = characters.slice(position).join('');
  const whole = wholeFault(text);
  if (whole !== null) return whole;
  const lines = before.split(/\r\n|\r|\n/);
  const place = `line ${lines.length}, column ${[...(lines.at(-1) ?? '')].length + 1}`;
  const cause =
    reason === 'syntax'
      ? PLACES.find((row) => (row.before?.test(before) ?? true) && (row.behind?.test(behind) ?? true))?.cause
      : REASONS[reason];
  return `is not valid JSON at ${place}${cause === undefined ? '' : `: ${cause}`}`;
}

/** A text that is something else as a whole. */
const WHOLE: readonly { readonly form: RegExp; readonly problem: string }[] = [
  { form: /^\s*$/, problem: 'is empty' },
  {
    form: /^\s*(?:[./~]|[A-Za-z]:\\|file:)|^\s*\S+\.(?:json|ya?ml)\s*$/,
    problem: 'is the path of a file: AUTH_ISSUERS_FILE takes a path',
  },
  { form: /^\s*(?:W3|WwogI|WyB7|eyJ)[A-Za-z0-9+/=\s]*$/, problem: 'is base64 of the JSON text: decode it' },
  { form: /^\s*(?:-\s+)?(?:name|issuer|issuers|audience):\s/, problem: 'is YAML; it must be a JSON array' },
  {
    form: /^\s*\[?\s*\{\s*[A-Za-z_]\w*\s*:/,
    problem: 'has lost its double quotes, as in a shell: put single quotes around the whole value',
  },
  {
    form: /^\s*\[?\s*\{\s*\\"/,
    problem: 'has a backslash before each double quote: remove the backslashes',
  },
  { form: /^\s*\[object Object\]/, problem: 'is “[object Object]”: a program wrote the list without JSON.stringify' },
];

function wholeFault(text: string): string | null {
  return wrappedFault(text.trim()) ?? WHOLE.find(({ form }) => form.test(text))?.problem ?? null;
}

interface PlaceRow {
  readonly before?: RegExp;
  readonly behind?: RegExp;
  readonly cause: string;
}

const PLACES: readonly PlaceRow[] = [
  { before: /,\s*$/, behind: /^[\]}]/, cause: 'a comma before a closing bracket' },
  { behind: /^(?:\/[/*]|#)/, cause: 'a comment, which JSON does not have' },
  { behind: /^'/, cause: 'a single quote; JSON takes double quotes' },
  { behind: /^[“”„«»‘’]/, cause: 'a typographic quote; JSON takes straight double quotes' },
  { behind: /^(?:True|False|None|undefined)\b/, cause: 'JSON has true, false and null' },
  { behind: /^$/, cause: 'it ends too soon; a bracket or a quote is not closed' },
  { before: /[\]}]\s*$/, behind: /^[[{]/, cause: 'a comma is missing between two entries, or a list is there twice' },
  { before: /["\d\]}el]\s*$/, behind: /^["[{]/, cause: 'a comma is missing' },
  { before: /"\s*$/, behind: /^=/, cause: 'JSON takes a colon between name and value' },
  { behind: /^"[^"]*$/, cause: 'a quote that is not closed' },
  { behind: /^[\r\n\t]/, cause: 'a line end inside quotes' },
  { behind: /^[A-Za-z_]/, cause: 'a text without double quotes' },
];

const REASONS: Readonly<Record<Exclude<JsonRefusal, 'syntax'>, string>> = {
  byte_order_mark: 'a byte order mark',
  duplicate_name: 'the same name twice in one object',
  lone_surrogate: 'half a character',
  not_finite: 'a number that JSON does not have',
  too_deep: 'too many brackets',
};
