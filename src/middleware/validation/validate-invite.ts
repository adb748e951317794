import { zValidator } from '@hono/zod-validator';
import type { Context, MiddlewareHandler } from 'hono';
import type * as z from 'zod';
import type { InviteUsersRequest } from '../../contract/invite-users.ts';
import { inviteUsersSchema } from '../../contract/invite-users.ts';
import { parseStrictJson } from '../../contract/strict-json.ts';
import type { ValidationError } from '../../contract/validation-error.ts';
import { bodyErrors, invalidRequest, jsonInvalid, missingBody, queryErrors } from '../../contract/validation-error.ts';
import type { AppEnv } from '../app-env.ts';
import { respondProblem } from '../problem-response.ts';

/**
 * From bytes to an InviteUsersRequest: `readStrictly`, then `validateInvite`, in this order and behind the body limit.
 * Not the judge of who may invite whom. Invariant: the text that was checked for ambiguity is the text that zod reads,
 * so nothing reaches the policy that another JSON reader would understand differently.
 */

/** The same set of types that Hono's validator takes for JSON; for any other it would validate `{}`. */
const JSON_MEDIA_TYPE = /^application\/(?:[\w.-]+\+)?json(?:[ \t]*;[ \t]*charset=(?:utf-8|"utf-8"))?$/i;

/** What the routes behind get, as `c.req.valid('json')`. */
interface ValidatedInvite {
  in: { json: z.input<typeof inviteUsersSchema> };
  out: { json: InviteUsersRequest };
}

/** Refuses what is not one unambiguous UTF-8 JSON text, and pins the checked text for every later reader. */
export const readStrictly: MiddlewareHandler<AppEnv> = async (c, next) => {
  const bytes = await c.req.arrayBuffer();
  if (bytes.byteLength === 0) return respondInvalid(c, [...inQuery(c), missingBody]);
  if (!isPlainJson(c)) return respondProblem(c, 'unsupported_media_type');
  const text = decodeUtf8(bytes);
  if (text === null) return respondProblem(c, 'malformed_request');
  const json = parseStrictJson(text);
  if (json.kind === 'invalid') return respondInvalid(c, [...inQuery(c), jsonInvalid(json.position, json.reason)]);
  // Hono keeps promises in its cache, whatever the declared type says.
  c.req.bodyCache.text = Promise.resolve(text) as unknown as string;
  return next();
};

/** Sets `c.req.valid('json')` to the canonical request, or answers with every error in query and body at once. */
export const validateInvite: MiddlewareHandler<AppEnv, string, ValidatedInvite> = zValidator(
  'json',
  inviteUsersSchema,
  (result, c) => {
    const inBody = result.success ? [] : bodyErrors(result.error.issues, result.data);
    const errors = [...inQuery(c), ...inBody];
    return result.success && errors.length === 0 ? undefined : respondInvalid(c, errors);
  },
);

/** The 422 in the upstream's shape. */
export function respondInvalid(c: Context<AppEnv>, errors: readonly ValidationError[]): Response {
  c.set('refusal', { code: 'invalid_request', origin: 'proxy' });
  return c.json(invalidRequest(errors, c.get('requestId')), 422);
}

/** Whether `?dry_run=true` was asked; `validateInvite` refuses everything unclear. */
export function isDryRun(c: Context<AppEnv>): boolean {
  return new URL(c.req.url).searchParams.get('dry_run') === 'true';
}

function inQuery(c: Context<AppEnv>): ValidationError[] {
  return queryErrors(new URL(c.req.url).searchParams);
}

/** RFC 9110 §8.3, §8.4. An encoded body would be counted, hashed and checked as something it is not. */
function isPlainJson(c: Context<AppEnv>): boolean {
  const encoding = c.req.header('Content-Encoding') ?? 'identity';
  return encoding.toLowerCase() === 'identity' && JSON_MEDIA_TYPE.test(c.req.header('Content-Type') ?? '');
}

/** RFC 8259 §8.1. The byte order mark stays in the text, for the JSON reader to refuse. */
function decodeUtf8(bytes: ArrayBuffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
