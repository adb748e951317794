import { isObject, parseObject } from '../../lib/parse-object.ts';
import type { AuditRecord, ChangeRecord, ReadRecord, RequestRecord } from '../record.ts';

/**
 * Whether something looks like a record or a checkpoint of this service, also after an edit. Lines of other programs
 * have members such as `seq` or `hash`, too, so one of them is not enough. Decides only whether something is judged.
 * What does not look ours is never taken for a record, so leaving a record unrecognised helps an attacker no more than
 * removing it: the chain shows that it is missing.
 */
export function looksOurs(value: Readonly<Record<string, unknown>>): boolean {
  const { kind } = value;
  const links = countIn(value, LINKS);
  if (links >= 2 || (links === 1 && countIn(value, RECORD_MEMBERS) >= MANY)) return true;
  if (kind === 'unreadable') return 'seq' in value || 'head' in value;
  return countIn(value, CHECKPOINT_MEMBERS) + (kind === 'checkpoint' ? 1 : 0) >= 2;
}

const LINKS = ['seq', 'prev', 'hash'] as const satisfies readonly (keyof AuditRecord)[];
const CHECKPOINT_MEMBERS = ['count', 'head', 'previous'];
const RECORD_MEMBERS = [
  'actor',
  'change',
  'id',
  'kind',
  'outcome',
  'policy',
  'read',
  'request',
  'request_id',
  'service',
  'source',
  'time',
] as const satisfies readonly (keyof AuditRecord | keyof RequestRecord | keyof ChangeRecord | keyof ReadRecord)[];
const MANY = 5;

function countIn(value: object, names: readonly string[]): number {
  let count = 0;
  for (const name of names) if (name in value) count += 1;
  return count;
}

/** A member of our lines in a text that may be cut, with as many backslashes as wrappers put before its quotes. */
const MARKS = [
  /"(?:hash|head|prev|previous|request_sha256)\\*"\s*:\s*\\*"[0-9a-f]{64}/,
  /"channel\\*"\s*:\s*\\*"audit\\*"/,
  /"seq\\*"\s*:\s*\d+\s*,\s*\\*"service\\*"\s*:/,
];

/** Whether a text that is no JSON may be a part of one of our lines. A digest alone is no mark: other programs log some. */
export function hasMarks(text: string): boolean {
  return MARKS.some((mark) => mark.test(text));
}

/** The texts and objects that look ours and lie in `value` outside of `known`, which holds texts and objects. */
export function straysIn(value: unknown, known: ReadonlySet<unknown>): readonly (string | object)[] {
  const strays: (string | object)[] = [];
  const waiting: unknown[] = [value];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (known.has(next)) continue;
    if (typeof next === 'string' ? isOurText(next) : isObject(next) && next !== value && isOurObject(next))
      strays.push(next as string | object);
    else if (typeof next === 'object' && next !== null) for (const inner of Object.values(next)) waiting.push(inner);
  }
  return strays;
}

/** A stricter look than `looksOurs`, because the attributes of a wrapper may have members of any name. */
function isOurObject(value: Readonly<Record<string, unknown>>): boolean {
  return countIn(value, LINKS) >= 2 || (value['kind'] === 'checkpoint' && 'head' in value);
}

const LINK_MARKS = [/"seq\\*"\s*:\s*\d/, /"prev\\*"\s*:/, /"hash\\*"\s*:/, /"head\\*"\s*:\s*\\*"[0-9a-f]{64}/];

function isOurText(text: string): boolean {
  if (!text.includes('{')) return false;
  const marks = LINK_MARKS.filter((mark) => mark.test(text)).length;
  if (marks >= 2 || (marks === 1 && hasMarks(text))) return true;
  // Escaped letters in a member's name hide it from the patterns, and not from a parser.
  const value = text.includes(String.raw`\u`) ? parseObject(text) : null;
  return value !== null && (looksOurs(value) || straysIn(value, new Set()).length > 0);
}
