import { parseObject } from '../../lib/parse-object.ts';
import { parseCheckpoint } from '../checkpoint/checkpoint.ts';
import { auditRecordSchema } from '../record.ts';

/**
 * Whether a sound record or checkpoint is newer than this program knows: of an unknown kind, with an unknown member, or with
 * an unknown word where the schema lists the words. A later release adds such things. Nothing follows from it about the
 * line: its hash covers members of any name. Only what this program would derive from the members cannot be checked.
 */
const UNKNOWN_PART: ReadonlySet<string> = new Set(['unrecognized_keys', 'invalid_value', 'invalid_union']);

/** `text`: the native text of a line that was read as a record or a checkpoint. */
export function isNewer(text: string): boolean {
  const value = parseObject(text);
  if (value === null) return false;
  if (value['kind'] === 'checkpoint') return parseCheckpoint(text) === null;
  const { error } = auditRecordSchema.safeParse(value);
  return error?.issues.some(({ code }) => UNKNOWN_PART.has(code)) ?? false;
}
