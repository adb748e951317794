import { zValidator } from '@hono/zod-validator';
import type { MiddlewareHandler } from 'hono';
import type * as z from 'zod';
import type { AuditSearch } from '../../audit/search-request.ts';
import { auditSearchSchema } from '../../audit/search-request.ts';
import type { ValidationError } from '../../contract/validation-error.ts';
import { bodyErrors } from '../../contract/validation-error.ts';
import type { AppEnv } from '../app-env.ts';
import { respondInvalid } from './validate-invite.ts';

/** The type of `c.req.valid('json')` in the route after this step. */
interface ValidatedSearch {
  in: { json: z.input<typeof auditSearchSchema> };
  out: { json: AuditSearch };
}

/**
 * Runs after `readStrictly`. Sets `c.req.valid('json')` to the search, or answers with all errors at once. A search
 * accepts no query parameters, so that no filter gets into a URL.
 */
export const validateSearch: MiddlewareHandler<AppEnv, string, ValidatedSearch> = zValidator(
  'json',
  auditSearchSchema,
  (result, c) => {
    const inQuery = Object.keys(c.req.queries()).map((name): ValidationError => ({
      type: 'extra_forbidden',
      loc: ['query', name],
      msg: 'Extra inputs are not permitted',
    }));
    const inBody = result.success ? [] : bodyErrors(result.error.issues, result.data);
    const errors = [...inQuery, ...inBody];
    return errors.length === 0 ? undefined : respondInvalid(c, errors);
  },
);
