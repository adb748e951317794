/**
 * Whether a body is one JSON text in UTF-8, by what its fields say (RFC 9110 §8.3, §8.4), and the sentence to refuse it
 * with. Parameters that change nothing are ignored: JSON has none of its own (RFC 8259 §11). A charset changes how bytes
 * are read, so any other than UTF-8 is refused by name; so is a content coding, because size, hash and checks would
 * apply to the encoded bytes.
 */
import { parseMediaType } from '../../lib/http/media-type.ts';

/** What Hono's validator reads as JSON; for every other type it would validate `{}`. */
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json$/;
/** The second one is not registered, but widespread, and names nothing else (Encoding standard §4.2). */
const UTF_8 = new Set(['utf-8', 'utf8']);
const REMEDY = 'Send Content-Type: application/json.';

/** Null: the body may be read. `fields` are the values of the fields, joined where there were several. */
export function jsonMediaTypeFault(fields: {
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
}): string | null {
  const coding = (fields.contentEncoding ?? '')
    .split(',')
    .map((name) => name.trim())
    .find((name) => name !== '' && name.toLowerCase() !== 'identity');
  if (coding !== undefined) return `The body came with Content-Encoding: ${shown(coding)}. Send it without one.`;
  if (fields.contentType === undefined || fields.contentType === '') return `The body has no Content-Type. ${REMEDY}`;
  const mediaType = parseMediaType(fields.contentType);
  if (mediaType === null) return `The Content-Type field cannot be read. ${REMEDY}`;
  if (!JSON_TYPE.test(mediaType.essence)) return `The body came as ${shown(mediaType.essence)}. ${REMEDY}`;
  const charset = mediaType.parameters.find(([name, value]) => name === 'charset' && !UTF_8.has(value.toLowerCase()));
  if (charset === undefined) return null;
  return isUtf8InOtherWords(charset[1])
    ? `The Content-Type names UTF-8 as ${shown(charset[1])}. Leave the charset away. ${REMEDY}`
    : `The body came in the charset ${shown(charset[1])}. Send it in UTF-8, with ${REMEDY.slice('Send '.length)}`;
}

/** Such as `'utf-8'` or `utf_8`. No standard reads these, so they are refused. */
function isUtf8InOtherWords(charset: string): boolean {
  return charset.toLowerCase().replaceAll(/[^a-z0-9]/g, '') === 'utf8';
}

/** The caller's own word, bounded and in visible characters. */
function shown(word: string): string {
  return word === '' ? '""' : word.slice(0, 60).replaceAll(/[^!-~]/g, '?');
}
