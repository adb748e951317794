import type { Context } from 'hono';
import type { AppEnv } from '../middleware/app-env.ts';
import { respondProblem } from '../middleware/answers/problem-response.ts';

/** Answers from the result of a ledger read, or with 503 `ledger_unavailable` when the read fails. */
export async function readLedger<T>(
  c: Context<AppEnv>,
  read: () => Promise<T>,
  answer: (value: T) => Response | Promise<Response>,
): Promise<Response> {
  const result = await read().then(
    (value) => ({ value }),
    () => null,
  );
  if (result !== null) return await answer(result.value);
  return respondProblem(c, 'ledger_unavailable', {
    detail: 'The record of requests cannot be read right now.',
    retryAfterS: 5,
  });
}
