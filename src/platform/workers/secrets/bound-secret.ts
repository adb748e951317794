import type { Clock } from '../../../ports/clock.ts';
import type { Schedule } from '../../../ports/schedule.ts';
import { withDeadline } from '../../../tasks/with-deadline.ts';

/**
 * One secret behind a binding: plain text, which changes only with a new deployment, or an entry of the Secrets Store,
 * which is asked again once what is held is a minute old, so that a rotation needs no deployment. A store that does not
 * answer, or not in time, leaves the last good value in place. No promise is kept, because the one who began it may be gone.
 */
export interface BoundSecret {
  /** Rejects when there has never been a good value; the message holds none. */
  value(): Promise<string>;
}

/** As the Secrets Store binds its entries. */
export type SecretBinding = string | { get(): Promise<string> };

export interface BoundSecretOptions {
  readonly binding: SecretBinding;
  readonly clock: Clock;
  readonly schedule: Schedule;
  /** Why a text is not fit, as half a sentence that does not hold it; null when it is. */
  readonly check: (text: string) => string | null;
  /** Told once per problem, not once per request. */
  readonly onUnusable: (problem: string) => void;
}

/** How long a binding that another system answers (Secrets Store, KV) may take: no request waits longer for it. */
export const BINDING_DEADLINE_MS = 2_000;
export const SECRET_MAX_AGE_MS = 60_000;
/** How soon a store that failed is asked again while an older value still serves. */
export const SECRET_RETRY_MS = 10_000;

export function createBoundSecret({ binding, clock, schedule, check, onUnusable }: BoundSecretOptions): BoundSecret {
  let held: string | null = null;
  let askedAt = 0;
  /** How long what is held serves without asking. */
  let restMs = 0;
  let lastProblem: string | null = null;

  async function ask(): Promise<string | null> {
    try {
      const text =
        typeof binding === 'string'
          ? binding
          : await withDeadline(binding.get(), { schedule, deadlineMs: BINDING_DEADLINE_MS });
      const problem = check(text);
      if (problem === null) {
        held = text;
        restMs = typeof binding === 'string' ? Infinity : SECRET_MAX_AGE_MS;
      }
      return problem;
    } catch {
      return 'cannot be read from the Secrets Store';
    }
  }

  return {
    async value() {
      // A clock that was set back makes nothing young again.
      const ageMs = clock.now() - askedAt;
      if (held !== null && ageMs >= 0 && ageMs < restMs) return held;
      // Whoever comes while this one asks goes on with what is held; after a failure, so does everybody for a while.
      askedAt = clock.now();
      restMs = SECRET_RETRY_MS;
      const problem = await ask();
      if (problem !== null && problem !== lastProblem) onUnusable(problem);
      lastProblem = problem;
      if (held === null) throw new Error('the secret has never held a usable value');
      return held;
    },
  };
}
