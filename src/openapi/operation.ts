import type { JsonSchema } from './json-schema.ts';
import type { ProblemCode } from '../contract/problem.ts';

/** Building blocks of the operations in /openapi.json: security, parameters and content. */

/** Refusals that every operation can give. */
export const ON_EVERY_PATH: readonly ProblemCode[] = ['malformed_request', 'header_fields_too_large', 'internal_error'];

/** Refusals that every operation behind a token can give. */
export const WITH_TOKEN: readonly ProblemCode[] = [
  'malformed_request',
  'missing_token',
  'invalid_token',
  'insufficient_scope',
  'header_fields_too_large',
  'internal_error',
  'identity_keys_unavailable',
  'overloaded',
];

export function json(schema: JsonSchema): Record<string, JsonSchema> {
  return { 'application/json': { schema } };
}

export function needs(scope: string): JsonSchema[] {
  return [{ bearer: [scope] }];
}

export function parameter(
  where: 'query' | 'header' | 'path',
  name: string,
  schema: JsonSchema,
  description: string,
): JsonSchema {
  return { name, in: where, required: where === 'path', description, schema };
}
