/**
 * One call: attempts until the service answers, or until it makes no sense to go on. The rules of repeating are here and
 * nowhere else. Invariants: every attempt of a call sends the same bytes with the same idempotency key; an answer that
 * does not settle what became of an earlier, lost attempt is never reported as "nothing was sent".
 */
import type { Answered, AttemptDeps, Lost, Outgoing } from './attempt.ts';
import { attempt } from './attempt.ts';
import { InviteProblem } from '../problems.ts';
import { problemOf, unreachable } from './read-problem.ts';
import { retryAfterOf } from './retry-after.ts';
import { traceIdIn } from './traceparent.ts';
import { untilAborted } from './waiting.ts';

export interface CallDeps extends AttemptDeps {
  readonly token: (why: { readonly renew: boolean }) => string | Promise<string>;
  readonly patienceMs: number;
  /** From 0 to below 1. */
  readonly random: () => number;
}

export interface Call extends Outgoing {
  /** Of an invitation; null for a call that changes nothing. */
  readonly idempotencyKey: string | null;
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;
/** Where a gateway hides Retry-After from the page. */
const IN_FLIGHT_WAIT_MS = 5_000;
/** Also for a server that asks to come back at once. */
const SHORTEST_WAIT_MS = 250;

/** The service looked the key up before it gave one of these, so they settle every earlier attempt. */
const SETTLES = /^(policy_denied|quota_exhausted|upstream_.*|outcome_unknown|idempotency_(in_flight|key_reused))$/;

/** The service's success. Throws an InviteProblem, or the reason of the signal. */
export async function perform(deps: CallDeps, call: Call, signal: AbortSignal | undefined): Promise<Answered> {
  let token = await askToken(deps, false, signal);
  let isRenewed = false;
  let lost: Lost | null = null;
  let spentMs = 0;
  for (let tries = 0; ; tries += 1) {
    const headers = { ...call.headers, Authorization: `Bearer ${token}` };
    const answer = await attempt(deps, { ...call, headers }, signal);
    if (answer.kind === 'answered') {
      if (answer.status < 400) return answer;
      if (answer.status === 401 && !isRenewed) {
        isRenewed = true;
        const renewed = await askToken(deps, true, signal).catch((problem: unknown) => {
          // What became of the lost attempt is not known, whatever `token` says.
          if (lost === null || !(problem instanceof InviteProblem)) throw problem;
          return token;
        });
        if (renewed !== token) {
          token = renewed;
          continue;
        }
      }
    } else {
      spentMs += answer.tookMs;
      if (answer.mayHaveArrived) lost = answer;
    }
    const waitMs = waitBefore(answer, tries, deps.random());
    if (waitMs === null || spentMs + waitMs > deps.patienceMs) throw failure(answer, lost, call);
    spentMs += waitMs;
    await untilAborted(signal, (ended) => deps.delay(waitMs, ended.signal));
  }
}

/** Null: the same request is not sent again by itself. */
function waitBefore(answer: Answered | Lost, tries: number, random: number): number | null {
  if (answer.kind === 'lost') {
    const waitMs = Math.min(FIRST_WAIT_MS * 2 ** tries, LONGEST_WAIT_MS);
    return answer.isTemporary ? waitMs * (0.5 + random / 2) : null;
  }
  const isInFlight = codeOf(answer) === 'idempotency_in_flight';
  if (answer.status !== 503 && !isInFlight) return null;
  const retryAfterMs = retryAfterOf(answer.headers) ?? (isInFlight ? IN_FLIGHT_WAIT_MS : null);
  return retryAfterMs === null ? null : Math.max(retryAfterMs, SHORTEST_WAIT_MS);
}

function failure(answer: Answered | Lost, lost: Lost | null, { idempotencyKey, headers }: Call): Error {
  const asked = { idempotencyKey, traceId: traceIdIn(headers) };
  if (answer.kind === 'lost') return unreachable(answer, asked, lost !== null, answer.cause);
  const problem = problemOf(answer, idempotencyKey);
  if (idempotencyKey === null || lost === null || SETTLES.test(problem.code)) return problem;
  return unreachable(answer, asked, true, problem);
}

async function askToken({ token }: CallDeps, renew: boolean, signal: AbortSignal | undefined): Promise<string> {
  const text: unknown = await untilAborted(signal, async () => token({ renew }));
  // A header field with another text fails inside fetch, and its error may quote the token.
  if (typeof text !== 'string' || !/^[\x21-\x7e]+$/.test(text)) throw new TypeError('token() gave no access token');
  return text;
}

function codeOf({ body }: Answered): unknown {
  return (body as { readonly code?: unknown } | null)?.code;
}
