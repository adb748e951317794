/**
 * Reads the query parameters of the reading routes, strictly: an unknown, repeated or malformed one is a 422 in the
 * usual shape. So a typo never widens a query.
 */
import type { Context } from 'hono';
import type { AppEnv } from '../middleware/app-env.ts';
import type { ValidationError } from '../contract/validation-error.ts';
import { respondInvalid } from '../middleware/validation/validate-invite.ts';

export interface QueryRow {
  readonly pattern: RegExp;
  /** Describes the valid form to the caller. */
  readonly form: string;
}

/** The given parameters, or the refusal to answer with. */
export function readQuery<Name extends string>(
  c: Context<AppEnv>,
  rows: Readonly<Record<Name, QueryRow>>,
):
  | { readonly kind: 'read'; readonly values: Partial<Record<Name, string>> }
  | { readonly kind: 'refused'; readonly response: Response } {
  const values: Partial<Record<Name, string>> = {};
  const faults = Object.entries(c.req.queries()).flatMap(([name, given]): ValidationError[] => {
    if (!Object.hasOwn(rows, name))
      return [{ type: 'extra_forbidden', loc: ['query', name], msg: 'Extra inputs are not permitted' }];
    const row = rows[name as Name];
    const [value, ...more] = given;
    if (value === undefined || more.length > 0 || !row.pattern.test(value)) {
      return [{ type: 'value_error', loc: ['query', name], msg: `Value error, ${row.form}` }];
    }
    values[name as Name] = value;
    return [];
  });
  return faults.length === 0 ? { kind: 'read', values } : { kind: 'refused', response: respondInvalid(c, faults) };
}
