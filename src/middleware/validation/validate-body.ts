import { zValidator } from '@hono/zod-validator';
import type { MiddlewareHandler } from 'hono';
import type * as z from 'zod';
import { auditCountsSchema } from '../../audit/counts-request.ts';
import { auditSearchSchema } from '../../audit/search-request.ts';
import { settlementSchema } from '../../contract/settlement.ts';
import type { ValidationError } from '../../contract/validation-error.ts';
import { bodyErrors } from '../../contract/validation-error.ts';
import type { AppEnv } from '../app-env.ts';
import { respondInvalid } from './validate-invite.ts';

/** The type of `c.req.valid('json')` in the route after this step. */
interface Validated<Schema extends z.ZodType> {
  in: { json: z.input<Schema> };
  out: { json: z.output<Schema> };
}

/**
 * Runs after `readStrictly`. Sets `c.req.valid('json')` to the body as the schema reads it, or answers with all errors
 * at once. These routes accept no query parameters, so that no filter and no note gets into a URL.
 */
function validateBody<Schema extends z.ZodType>(schema: Schema): MiddlewareHandler<AppEnv, string, Validated<Schema>> {
  return zValidator('json', schema, (result, c) => {
    const inQuery = Object.keys(c.req.queries()).map((name): ValidationError => ({
      type: 'extra_forbidden',
      loc: ['query', name],
      msg: 'Extra inputs are not permitted',
    }));
    const inBody = result.success ? [] : bodyErrors(result.error.issues, result.data);
    const errors = [...inQuery, ...inBody];
    return errors.length === 0 ? undefined : respondInvalid(c, errors);
  }) as MiddlewareHandler<AppEnv, string, Validated<Schema>>;
}

export const validateSearch = validateBody(auditSearchSchema);
export const validateCounts = validateBody(auditCountsSchema);
export const validateSettlement = validateBody(settlementSchema);
