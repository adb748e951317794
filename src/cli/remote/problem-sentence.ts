/**
 * What a service's refusal says, as a sentence for the operator: the `detail` of a problem (RFC 9457), the messages of a
 * list of validation errors, or the status alone when the answer is of something else. Pure. The text is another
 * machine's: it is bounded here, and made printable where it is printed.
 */
import * as z from 'zod';
import { shorten } from '../../lib/text/invisible-text.ts';
import { parseObject } from '../../lib/parse-object.ts';

const MAX_LENGTH = 2000;

const refusal = z.object({
  detail: z.union([
    z.string(),
    z.array(z.object({ loc: z.array(z.union([z.string(), z.number()])), msg: z.string() })).min(1),
  ]),
  code: z.string(),
});

export function problemSentence(status: number, text: string): string {
  const read = refusal.safeParse(parseObject(text));
  if (!read.success) return foreignSentence(status);
  const { detail, code } = read.data;
  const sentence = typeof detail === 'string' ? detail : detail.map(errorSentence).join(' ');
  return `The service refused (${status} ${shorten(code, 60)}): ${shorten(sentence, MAX_LENGTH)}`;
}

/** Without the words that pydantic puts before a sentence of a validator's own; such a sentence names the field itself. */
function errorSentence({
  loc: [, ...place],
  msg,
}: {
  readonly loc: readonly (string | number)[];
  readonly msg: string;
}) {
  const said = msg.replace(/^Value error, /, '');
  const field = place.join('.');
  return field === '' || said.startsWith(`${field} `) ? `${said}.` : `${field}: ${said}.`;
}

function foreignSentence(status: number): string {
  if (status >= 300 && status < 400)
    return `The address answers with a redirect (${status}), which is not followed with a token. Give the address of the service itself.`;
  return `The address answers ${status}, and not as this service does. Check --url.`;
}
