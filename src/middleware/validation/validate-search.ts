import { zValidator } from '@hono/zod-validator';
import type { MiddlewareHandler } from 'hono';
import type * as z from 'zod';
import type { AuditSearch } from '../../audit/search-request.ts';
import { auditSearchSchema } from '../../audit/search-request.ts';
import type { ValidationError } from '../../contract/validation-error.ts';
import { bodyErrors } from '../../contract/validation-error.ts';
import type { AppEnv } from '../app-env.ts';
import { respondInvalid } from './validate-invite.ts';

/** What the route behind gets, as `c.req.valid('json')`. */
interface ValidatedSearch {
  in: { json: z.input<typeof auditSearchSchema> };
  out: { json: AuditSearch };
}

/**
 * Behind `readStrictly`: sets `c.req.valid('json')` to the search that was asked for, or answers with every error at once.
 * A search has no query parameters, so that no filter can come to stand in a URL.
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
