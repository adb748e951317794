import { isObject, parseObject } from '../../lib/parse-object.ts';
import { checkpointSchema } from '../checkpoint/checkpoint.ts';
import { changeRecordSchema, readRecordSchema, requestRecordSchema, suppressedRecordSchema } from '../record.ts';

/**
 * Whether an object has members of one record or checkpoint, as a log store extracts them from a line for its searches:
 * Splunk with `_json`, `| json` of Loki, a JSON processor that adds to the root. Names are joined with dots or
 * underscores, `{}` marks a list, and values may be texts. Members may be missing and the store's own may be there, but
 * a member with a name that any of our lines can have says what this line says. Pure. The work is proportional to the
 * length of both: a hostile line beyond the limits below is no extract.
 */
export function isExtractOf(object: Json, { names, values }: Said): boolean {
  const ours = Object.entries(object).filter(
    ([name, value]) => isOneOf(asName(name), names) && !isOfTheStore(name, value, values),
  );
  return everyLeaf(ours, (path, value) => values.get(path.replace(EXTRACTED, ''))?.has(value) === true);
}

/** Whether the text is a value of the line: a caller can send one that looks like a record. */
export function isValueOf(text: string, { values }: Said): boolean {
  return [...values.values()].some((said) => said.has(text));
}

/** What a line says: to be read once for each line. */
export interface Said {
  /** The members that this line and any other one of ours can have. */
  readonly names: readonly string[];
  /** Each value as a text, by its path. */
  readonly values: Values;
}

/** Null for a text that no release writes. */
export function saidIn(text: string): Said | null {
  const line = parseObject(text);
  if (line === null) return null;
  const members = Object.entries(line);
  if (members.length > MAX_MEMBERS) return null;
  const values = new Map<string, Set<string>>();
  const isRead = everyLeaf(members, (path, value) => {
    values.set(path, (values.get(path) ?? new Set()).add(value));
    return values.size <= MAX_PATHS;
  });
  return isRead ? { names: [...new Set([...OUR_NAMES, ...members.map(([name]) => asName(name))])], values } : null;
}

type Json = Readonly<Record<string, unknown>>;
type Values = ReadonlyMap<string, ReadonlySet<string>>;

const OUR_NAMES = [
  requestRecordSchema,
  suppressedRecordSchema,
  changeRecordSchema,
  readRecordSchema,
  checkpointSchema,
].flatMap(({ shape }) => Object.keys(shape));

/** Several times what a record has. A list has one path, however long it is. */
const MAX_MEMBERS = 100;
const MAX_PATHS = 1000;
/** Bounds the depth, too. */
const MAX_PATH_LENGTH = 1000;

/** Loki adds it to a name that a label has already. */
const EXTRACTED = /_extracted$/;

/** Loki's own labels of an OTLP resource, which may differ from `service` of the record. */
const LABELS = new Set(['service_name', 'service_namespace', 'service_instance_id']);

/** Splunk names the input of an event `source`; Loki shows any attribute of an OTLP resource, unless the line has it. */
function isOfTheStore(name: string, value: unknown, values: Values): boolean {
  if (typeof value !== 'string') return false;
  if (name === 'source' || LABELS.has(name)) return true;
  return name.startsWith('service_') && !values.has(name.replace(EXTRACTED, ''));
}

function isOneOf(name: string, names: readonly string[]): boolean {
  return names.some((one) => name.startsWith(one) && (name.length === one.length || name[one.length] === '_'));
}

/** Each value with nothing inside, with its path; false where a path is too long. Without recursion. */
function everyLeaf(
  members: readonly (readonly [name: string, value: unknown])[],
  isRight: (path: string, value: string) => boolean,
): boolean {
  const waiting = members.map(([name, value]) => [asName(name), value] as const);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [path, value] = next;
    if (path.length > MAX_PATH_LENGTH) return false;
    const inside = insideOf(path, value);
    if (inside.length === 0 && !isRight(path, asText(value))) return false;
    for (const inner of inside) waiting.push(inner);
  }
  return true;
}

function insideOf(path: string, value: unknown): readonly (readonly [path: string, value: unknown])[] {
  if (Array.isArray(value)) return value.map((inner: unknown) => [path, inner]);
  return isObject(value) ? Object.entries(value).map(([name, inner]) => [`${path}_${asName(name)}`, inner]) : [];
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function asName(name: string): string {
  return name.replaceAll('{}', '').replaceAll(/[^A-Za-z0-9]+/g, '_');
}
