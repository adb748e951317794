/**
 * Answers requests that no route matches: 404 for an unknown path, 405 with Allow (RFC 9110 §15.5.6) for a known path
 * with another method. Hono alone answers 404 to both.
 */
import type { Context, Hono } from 'hono';
import type { AppEnv } from '../app-env.ts';
import { respondProblem } from './problem-response.ts';

/** Adds a catch-all route to every path that has routes. Call it after all routes are added. */
export function methodNotAllowed(app: Hono<AppEnv>): void {
  const routes = app.routes.filter(({ method }) => method !== 'ALL');
  const methodsByPath = Map.groupBy(routes, ({ path }) => path);
  for (const [path, found] of methodsByPath) {
    const methods = new Set(found.map(({ method }) => method));
    if (methods.has('GET')) methods.add('HEAD');
    const allow = [...methods].toSorted().join(', ');
    app.all(path, (c) => respondProblem(c, 'method_not_allowed', { headers: { Allow: allow } }));
  }
}

export function notFound(c: Context<AppEnv>): Response {
  return respondProblem(c, 'not_found');
}
