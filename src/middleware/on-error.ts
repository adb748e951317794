/**
 * The last resort: whatever is thrown becomes `internal_error` with nothing of the exception in it.
 * The log line names the error's class and where it was thrown, never its message, which may quote input.
 */
import type { ErrorHandler } from 'hono';
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

/** `function file:line` of the topmost frame, without directories; the message is cut off before. */
function thrownAt(error: Error): string | null {
  const frame = /\n\s+at (?:(?<name>[\w.<>]+) )?\(?[^\n]*?(?<place>[\w.-]+:\d+):\d+\)?/.exec(error.stack ?? '');
  return frame?.groups === undefined ? null : `${frame.groups.name ?? '(anonymous)'} ${frame.groups.place}`;
}
