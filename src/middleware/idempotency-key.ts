/**
 * Reads the Idempotency-Key field (draft-ietf-httpapi-idempotency-key-header): 16 to 255 visible ASCII characters, bare
 * or as a quoted string. Both forms of a key are the same key. Two fields arrive joined by a comma and a space. No key
 * may contain a space, so two fields are refused.
 */
import type { Step } from './in-order.ts';
import { respondProblem } from './answers/problem-response.ts';
import { isDryRun } from './validation/validate-invite.ts';

const BARE = /^[\x21\x23-\x7e][\x21-\x7e]*$/;
const QUOTED = /^"((?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;

export function idempotencyKey(mode: 'optional' | 'required'): Step {
  return function idempotencyKey(c) {
    // A dry run is never replayed, so it needs no key, and a malformed key is ignored.
    const field = isDryRun(c) ? undefined : c.req.header('Idempotency-Key');
    if (field === undefined) {
      if (mode === 'required' && !isDryRun(c)) return respondProblem(c, 'idempotency_key_missing');
      c.set('idempotencyKey', null);
      return undefined;
    }
    const key = parseIdempotencyKey(field);
    if (key === null) return respondProblem(c, 'idempotency_key_malformed');
    c.set('idempotencyKey', key);
    return undefined;
  };
}

/** The key itself, unquoted and unescaped; null when the field is malformed. */
export function parseIdempotencyKey(field: string): string | null {
  const quoted = QUOTED.exec(field);
  const key = quoted?.[1] !== undefined ? quoted[1].replaceAll(/\\(["\\])/g, '$1') : field;
  if (quoted === null && !BARE.test(field)) return null;
  return key.length >= 16 && key.length <= 255 ? key : null;
}
