/**
 * Bounds how many requests work at once, lane by lane, and answers 503 `overloaded` to those beyond: nothing of them
 * was sent. It stands behind body-limit, because whoever uploads slowly must hold no place, and before authenticate.
 * Health and static documents take no turn. Off where requests may not wait for one another (Workers).
 */
import type { MiddlewareHandler } from 'hono';
import type { Deps } from '../../deps.ts';
import type { AppEnv } from '../app-env.ts';
import { respondProblem } from '../problem-response.ts';
import type { TurnLimits } from '../../tasks/concurrency-limit.ts';
import { createTurns } from '../../tasks/concurrency-limit.ts';

/** `holdsAnswer`: the place is given back when the answer has left too, so that unread answers are as few as places. */
interface LaneLimits extends TurnLimits {
  readonly holdsAnswer: boolean;
}

/**
 * Lanes, so that a slow Galileo, which fills the first, keeps nobody from reading, and whoever follows or searches the
 * trail keeps nobody else from it. As many invites work at once as
 * the upstream client has connections: one more would wait there, and its wait would count as Galileo's failure.
 * A full queue empties within `waitMs` while Galileo answers within a second (docs/operations.md has the figures).
 */
export const LANES = {
  invites: { atWork: 128, waiting: 256, waitMs: 2_000, holdsAnswer: false },
  reads: { atWork: 64, waiting: 256, waitMs: 2_000, holdsAnswer: true },
  trail: { atWork: 16, waiting: 64, waitMs: 2_000, holdsAnswer: true },
  searches: { atWork: 2, waiting: 16, waitMs: 2_000, holdsAnswer: true },
} as const satisfies Record<string, LaneLimits>;

export type Lane = keyof typeof LANES;

const RETRY_AFTER_S = 5;

type TakeTurnDeps = Pick<Deps, 'schedule' | 'clock' | 'metrics' | 'answerLeft'> & {
  readonly settings: Pick<Deps['settings'], 'shareInFlight'>;
};

/** Gives the step for each lane; every call makes lanes of its own. */
export function takeTurn({
  schedule,
  clock,
  metrics,
  settings,
  answerLeft = () => Promise.resolve(),
}: TakeTurnDeps): Record<Lane, MiddlewareHandler<AppEnv>> {
  return {
    invites: inLane('invites'),
    reads: inLane('reads'),
    trail: inLane('trail'),
    searches: inLane('searches'),
  };

  function inLane(lane: Lane): MiddlewareHandler<AppEnv> {
    const turns = createTurns(LANES[lane], schedule);
    return async function takeTurn(c, next) {
      if (!settings.shareInFlight) return await next();
      const cameAt = clock.now();
      const turn = await turns.take(c.req.raw.signal);
      metrics.observe('turn_wait', Math.max(0, clock.now() - cameAt) / 1000, { lane });
      if (turn.kind === 'refused') {
        metrics.count('turns_refused', { lane, reason: turn.reason });
        return respondProblem(c, 'overloaded', { headers: { 'Retry-After': String(RETRY_AFTER_S) } });
      }
      try {
        return await next();
      } finally {
        if (LANES[lane].holdsAnswer) void answerLeft(c.env).then(turn.release);
        else turn.release();
      }
    };
  }
}
