import type { Clock } from '../../../ports/clock.ts';
import type { Schedule } from '../../../ports/schedule.ts';
import { withDeadline } from '../../../tasks/with-deadline.ts';

/**
 * One secret behind a binding. A text binding changes only with a new deployment. An entry of the Secrets Store is read
 * again when the held value is a minute old, so a rotation needs no deployment. A store that fails or does not answer
 * in time leaves the last good value in use. No promise is kept, because the request that began it may have ended.
 */
export interface BoundSecret {
  /** Rejects when there has never been a good value; the message holds none. */
  value(): Promise<string>;
}

/** A text binding, or the form in which the Secrets Store binds an entry. */
export type SecretBinding = string | { get(): Promise<string> };

export interface BoundSecretOptions {
  readonly binding: SecretBinding;
  readonly clock: Clock;
  readonly schedule: Schedule;
  /** Why a text is unusable, as half a sentence that does not quote it; null when the text is usable. */
  readonly check: (text: string) => string | null;
  /** Called once per problem, not once per request. */
  readonly onUnusable: (problem: string) => void;
}

/** Timeout for a binding that another system answers (Secrets Store, KV): no request waits longer for it. */
export const BINDING_DEADLINE_MS = 2_000;
export const SECRET_MAX_AGE_MS = 60_000;
/** How soon a store that failed is read again while an older value is in use. */
export const SECRET_RETRY_MS = 10_000;

export function createBoundSecret({ binding, clock, schedule, check, onUnusable }: BoundSecretOptions): BoundSecret {
  let held: string | null = null;
  let askedAt = 0;
  /** How long the held value is used without reading the store. */
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
      // A clock that was set back must not make an old value fresh.
      const ageMs = clock.now() - askedAt;
      if (held !== null && ageMs >= 0 && ageMs < restMs) return held;
      // Requests that come during this read use the held value. After a failure, all requests do until the retry.
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
