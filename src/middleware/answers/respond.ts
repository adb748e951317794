/**
 * Makes every answer of the app. Its header fields are one plain object: steps add to it, and the answer takes it over.
 * As `Headers`, which Hono's own `c.header` and `c.body` make, each field would be checked, folded to lower case, sorted
 * and copied on its way to the platform, for every answer.
 */
import type { Context } from 'hono';
import type { AnswerFields, AppEnv } from '../app-env.ts';

type Body = string | ReadableStream<Uint8Array> | null;

/** Adds a field to the answer that will be made. An answer that names the field itself replaces it. */
export function addField(c: Context<AppEnv>, name: string, value: string): void {
  c.get('fields')[name] = value;
}

/** `fields` are those of this answer alone; they replace those of the steps. */
export function respond(c: Context<AppEnv>, body: Body, status: number, fields: AnswerFields = {}): Response {
  return new Response(body, { status, headers: { ...c.get('fields'), ...fields } });
}

export function respondJson(c: Context<AppEnv>, value: object, status = 200): Response {
  return respond(c, JSON.stringify(value), status, { 'Content-Type': 'application/json' });
}
