/**
 * Refuses a path that a proxy in front could read differently (lib/http/request-target). It sees the URL that the platform
 * passes on. Workers normalises dot segments and `\` before that, so there it finds what is left: percent-encoded
 * characters and `//`. On Node the listener has checked the target as received.
 */
import { isPlainPath } from '../lib/http/request-target.ts';
import { pathOf } from '../lib/http/request-url.ts';
import type { Step } from './in-order.ts';
import { respondProblem } from './answers/problem-response.ts';

export const PLAIN_PATH_DETAIL =
  'Send the path as /openapi.json writes it: without encoded characters, dot segments, "\\" or "//".';

export function plainPath(): Step {
  return function plainPath(c) {
    if (isPlainPath(pathOf(c.req.url))) return undefined;
    return respondProblem(c, 'malformed_request', { detail: PLAIN_PATH_DETAIL });
  };
}
