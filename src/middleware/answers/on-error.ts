/**
 * Answers every uncaught exception with `internal_error`; the answer contains nothing of the exception.
 * The log line contains the error's class and position, never its message, which may quote input.
 */
import type { ErrorHandler } from 'hono';
import { thrownAt } from '../../lib/thrown.ts';
import type { Logger } from '../../ports/logger.ts';
import type { AppEnv } from '../app-env.ts';
import { respondProblem } from './problem-response.ts';

export function onError(logger: Logger): ErrorHandler<AppEnv> {
  return function onError(error, c) {
    logger.error('unhandled_error', {
      request_id: c.get('requestId'),
      trace_id: c.get('traceId'),
      error: error.name,
      at: thrownAt(error),
    });
    return respondProblem(c, 'internal_error');
  };
}
