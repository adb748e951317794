/**
 * Refuses requests while unread answers fill the memory that the process has for them: 503 `overloaded`. A request whose
 * answer would be small is refused, too, because its size is not known before. Health stays: a restart would end the
 * readers who do read. Off where the platform keeps the answers (Workers).
 */
import type { Deps } from '../../deps.ts';
import { isHealthPath } from '../../lib/http/health-paths.ts';
import type { Step } from '../in-order.ts';
import { respondProblem } from '../answers/problem-response.ts';

/** Readers who are slower than this are ended by the listener. */
const RETRY_AFTER_S = 5;

export function limitAnswers({ answersInFlight, metrics }: Pick<Deps, 'answersInFlight' | 'metrics'>): Step {
  return function limitAnswers(c) {
    if (answersInFlight?.isFull() !== true || isHealthPath(c.req.path)) return undefined;
    metrics.count('requests_shed', { bulkhead: 'all', reason: 'answers' });
    return respondProblem(c, 'overloaded', { retryAfterS: RETRY_AFTER_S });
  };
}
