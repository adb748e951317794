import * as z from 'zod';
import { isObject, parseObject } from '../../lib/parse-object.ts';
import { parseCheckpoint } from '../checkpoint/checkpoint.ts';
import { changeSchema } from '../change-record.ts';
import { changeRecordSchema, readRecordSchema, requestRecordSchema, suppressedRecordSchema } from '../record.ts';

/**
 * Whether a sound record or checkpoint is newer than this program knows: of an unknown kind, with an unknown member, or with
 * an unknown word where the schema lists the words. A later release adds such things. Nothing follows from it about the
 * line: its hash covers members of any name. Only what this program would derive from the members cannot be checked.
 * The members and words are read from the schema once, because validating every record takes twice as long as verifying it.
 */
export function isNewer(text: string): boolean {
  const value = parseObject(text);
  if (value === null) return false;
  if (value['kind'] === 'checkpoint') return parseCheckpoint(text) === null;
  const { kind, change } = value;
  if (kind !== 'change') return !isKnown(value, FORMS.get(kind) ?? REQUEST);
  // Each kind of change has members of its own.
  const { what } = isObject(change) ? change : {};
  const form = CHANGES.get(what);
  return form === undefined || !isKnown(change, form) || !isKnown({ ...value, change: undefined }, CHANGE);
}

/** What the schema says of one value. */
interface Form {
  readonly members?: ReadonlyMap<string, Form>;
  readonly items?: Form;
  readonly words?: ReadonlySet<unknown>;
}

const REQUEST = formOf(z.toJSONSchema(requestRecordSchema));
/** Of the other kinds without further forms. */
const FORMS: ReadonlyMap<unknown, Form> = new Map([
  ['suppressed', formOf(z.toJSONSchema(suppressedRecordSchema))],
  ['read', formOf(z.toJSONSchema(readRecordSchema))],
]);
const CHANGE = formOf(z.toJSONSchema(changeRecordSchema));
const CHANGES: ReadonlyMap<unknown, Form> = new Map(
  changeSchema.options.map((option) => [option.shape.what.value, formOf(z.toJSONSchema(option))]),
);

function formOf({ properties, items, enum: words, const: word }: z.core.JSONSchema.BaseSchema): Form {
  if (properties !== undefined) {
    const members = Object.entries(properties).filter((entry): entry is [string, z.core.JSONSchema.BaseSchema] =>
      isObject(entry[1]),
    );
    return { members: new Map(members.map(([name, inner]) => [name, formOf(inner)])) };
  }
  if (isObject(items)) return { items: formOf(items) };
  if (word !== undefined) return { words: new Set([word]) };
  return words === undefined ? {} : { words: new Set(words) };
}

function isKnown(value: unknown, { members, items, words }: Form): boolean {
  if (words !== undefined) return words.has(value);
  if (items !== undefined) return !Array.isArray(value) || value.every((inner) => isKnown(inner, items));
  if (members === undefined || !isObject(value)) return true;
  return Object.entries(value).every(([name, inner]) => {
    const form = members.get(name);
    return form !== undefined && isKnown(inner, form);
  });
}
