/**
 * The last resort: whatever is thrown becomes `internal_error` with nothing of the exception in it.
 * The log line names the error's class and where it was thrown, never its message, which may quote input.
 */
import type { ErrorHandler } from 'hono';
import { thrownAt } from '../lib/thrown-at.ts';
import type { Logger } from '../ports/logger.ts';
import type { AppEnv } from './app-env.ts';
import { respondProblem } from './problem-response.ts';

export function onError(logger: Logger): ErrorHandler<AppEnv> {
  return function onError(error, c) {
    logger.error('unhandled_error', {
      request_id: c.get('requestId'),
      error: error.name,
      at: thrownAt(error),
    });
    return respondProblem(c, 'internal_error');
  };
}
