import type { Context } from 'hono';
import { readInvite } from '../../contract/read-invite.ts';
import { checkStrictJson } from '../../contract/strict-json.ts';
import type { ValidationError } from '../../contract/validation-error.ts';
import { invalidRequest, jsonInvalid, missingBody, queryErrors } from '../../contract/validation-error.ts';
import { searchParams } from '../../lib/http/request-url.ts';
import { decodeUtf8 } from '../../lib/text/utf8.ts';
import type { AppEnv } from '../app-env.ts';
import type { Step } from '../in-order.ts';
import { requestIds, respondProblem } from '../answers/problem-response.ts';
import { respondJson } from '../answers/respond.ts';
import { jsonMediaTypeFault } from './json-media-type.ts';

/**
 * Parses the body into an InviteUsersRequest: first `readStrictly`, then `validateInvite`, both after the body limit.
 * The policy decides later who may invite whom. Invariant: zod reads the very text that was checked for ambiguity, so
 * the policy sees nothing that another JSON parser would read differently.
 */

const NOT_UTF_8 = 'The body is not UTF-8 text. Send the JSON encoded in UTF-8.';

/** Refuses a body that is not one unambiguous UTF-8 JSON text, and keeps the checked text for every later reader. */
export const readStrictly: Step = (c) => {
  const bytes = c.get('body') as Uint8Array | undefined;
  if (bytes === undefined || bytes.byteLength === 0) return respondInvalid(c, [...inQuery(c), missingBody]);
  const detail = jsonMediaTypeFault({
    contentType: c.req.header('Content-Type'),
    contentEncoding: c.req.header('Content-Encoding'),
  });
  if (detail !== null) return respondProblem(c, 'unsupported_media_type', { detail });
  // One byte order mark is dropped (RFC 8259 §8.1): .NET and PowerShell write it. The JSON reader refuses a second one.
  const text = decodeUtf8(bytes, 'remove');
  if (text === null) return respondProblem(c, 'malformed_request', { detail: NOT_UTF_8 });
  const invalid = checkStrictJson(text);
  if (invalid !== null) return respondInvalid(c, [...inQuery(c), jsonInvalid(invalid.position, invalid.reason)]);
  c.set('bodyText', text);
  // For Hono's validator (validate-body). Its cache contains promises, although its declared type is the value.
  c.req.bodyCache.text = Promise.resolve(text) as unknown as string;
  return undefined;
};

/**
 * Sets `asked` to the canonical request, or answers with all errors in query and body at once. Runs after `prefer`: with
 * lenient handling a malformed address is left out alone, and `inviteList` says so.
 */
export const validateInvite: Step = (c) => {
  const read = readInvite(JSON.parse(c.get('bodyText')), c.get('handling'));
  const errors = [...inQuery(c), ...(read.kind === 'refused' ? read.errors : [])];
  if (read.kind === 'refused' || errors.length > 0) return respondInvalid(c, errors);
  c.set('asked', read.asked);
  c.set('inviteList', { entries: read.entries, malformed: read.malformed });
  return undefined;
};

/** Answers with a 422 in the upstream's shape. */
export function respondInvalid(c: Context<AppEnv>, errors: readonly ValidationError[]): Response {
  c.set('refusal', { code: 'invalid_request', origin: 'proxy' });
  return respondJson(c, invalidRequest(errors, requestIds(c)), 422);
}

/** Whether the request has `?dry_run=true`. `validateInvite` refuses every other value. */
export function isDryRun(c: Context<AppEnv>): boolean {
  return searchParams(c.req.url).get('dry_run') === 'true';
}

function inQuery(c: Context<AppEnv>): ValidationError[] {
  return queryErrors(searchParams(c.req.url));
}
