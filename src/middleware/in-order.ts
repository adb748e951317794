/**
 * Steps of a request that only look forward. A step passes the request on, or answers it; nothing of it runs after the
 * answer. What needs that is a middleware of its own (telemetry, limit-concurrency). One middleware runs many steps: as
 * middlewares, each would cost every request two promises, a closure and a turn of the microtask queue on the way back.
 */
import type { Context, MiddlewareHandler } from 'hono';
import type { AppEnv } from './app-env.ts';

/** Undefined: the request goes on. */
export type Step = (c: Context<AppEnv>) => Response | undefined | Promise<Response | undefined>;

/** Runs the steps one after the other, up to the first one that answers. */
export function inOrder(...steps: readonly Step[]): MiddlewareHandler<AppEnv> {
  return async function inOrder(c, next) {
    for (const step of steps) {
      const result = step(c);
      const answer = result instanceof Promise ? await result : result;
      if (answer !== undefined) return answer;
    }
    return await next();
  };
}
