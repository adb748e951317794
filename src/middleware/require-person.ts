/**
 * Lets only people through: a route behind it puts on record that a person decided. It runs after authenticate. A token
 * of an app is refused, and so is one whose kind is unclear, because what is unclear grants nothing.
 */
import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from './app-env.ts';
import { respondProblem } from './problem-response.ts';

export const requirePerson: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { kind, hasUnreadableKind } = c.get('principal');
  if (kind !== 'user' || hasUnreadableKind === true) return respondProblem(c, 'person_required');
  return await next();
};
