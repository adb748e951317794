/**
 * Refuses a request whose header section is too large (431), on every platform alike. The parser of the platform takes
 * more, so this step answers, after cors: a page can read why. It counts what the fields and the target have, as the
 * caller sent them.
 */
import type { Deps } from '../../deps.ts';
import { HEADER_LIMIT_BYTES } from '../../lib/http/header-limit.ts';
import type { Step } from '../in-order.ts';
import { respondProblem } from '../answers/problem-response.ts';

/** What ends each field line: a colon and a space, and CR LF. */
const AROUND_FIELD = 4;

export function headerLimit({ fieldBytes }: Pick<Deps, 'fieldBytes'>): Step {
  return function headerLimit(c) {
    const { headers } = c.req.raw;
    const bytes = targetBytes(c.req.url) + (fieldBytes?.(c.env) ?? countFields(headers));
    if (bytes <= HEADER_LIMIT_BYTES) return undefined;
    const detail = `The URL and the header fields have ${bytes} bytes; at most ${HEADER_LIMIT_BYTES} are accepted. ${remedy(c.req.url, headers)}`;
    return respondProblem(c, 'header_fields_too_large', { detail });
  };
}

function countFields(headers: Headers): number {
  let bytes = 0;
  for (const [name, value] of headers) bytes += name.length + value.length + AROUND_FIELD;
  return bytes;
}

/** What the client can make smaller, by the field that is largest. */
const REMEDIES: Readonly<Record<string, string>> = {
  authorization: 'The token is the largest part: ask for one with fewer groups.',
  'cf-access-jwt-assertion': 'The token is the largest part: ask for one with fewer groups.',
  cookie: 'The cookies are the largest part: delete the cookies of this site.',
  '': 'The URL is the largest part: send data in the body.',
};

function remedy(url: string, headers: Headers): string {
  let [largest, most] = ['', targetBytes(url)];
  for (const [name, { length }] of headers) if (length > most) [largest, most] = [name, length];
  return REMEDIES[largest] ?? `The field ${largest.slice(0, 60)} is the largest part.`;
}

/** The path and the query. */
function targetBytes(url: string): number {
  return url.length - url.indexOf('/', url.indexOf('//') + 2);
}
