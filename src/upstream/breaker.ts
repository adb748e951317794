import type { Clock } from '../ports/clock.ts';

/**
 * A circuit breaker: stops sending to an upstream that keeps failing, so that callers get "not sent" at once instead of
 * unknown outcomes. It counts consecutive failures only. Answers that a caller caused (4xx) are ignored while it is
 * closed: they do not open it, and between failures they do not reset the count. While it is half-open, any answer
 * proves that the upstream responds, so an ignored answer closes it.
 */
export interface Breaker {
  /** Asks for permission to send. A caller that passes must report the result exactly once. */
  enter(): Entry;
  state(): BreakerState['kind'];
}

export type Entry =
  | { readonly kind: 'pass'; readonly report: (verdict: BreakerVerdict) => void }
  /** `retryAfterS`: whole seconds until the next probe, at least 1. */
  | { readonly kind: 'refused'; readonly retryAfterS: number };

export type BreakerVerdict = 'success' | 'failure' | 'ignored';

type BreakerState =
  | { readonly kind: 'closed'; readonly failures: number }
  | { readonly kind: 'open'; readonly untilMs: number }
  /** One probe is running. When it has not reported by `untilMs`, the next one may start. */
  | { readonly kind: 'half_open'; readonly untilMs: number };

export interface BreakerDeps {
  readonly clock: Clock;
  /** The number of consecutive failures that opens it. */
  readonly threshold?: number;
  readonly openMs?: number;
}

export function createBreaker({ clock, threshold = 5, openMs = 10_000 }: BreakerDeps): Breaker {
  let state: BreakerState = { kind: 'closed', failures: 0 };

  function reportWhileClosed(verdict: BreakerVerdict): void {
    // A late report of a request from before it opened does not count.
    if (state.kind !== 'closed' || verdict === 'ignored') return;
    const failures: number = verdict === 'failure' ? state.failures + 1 : 0;
    state = failures >= threshold ? { kind: 'open', untilMs: clock.now() + openMs } : { kind: 'closed', failures };
  }

  function sendProbe(): Entry {
    const probe: BreakerState = { kind: 'half_open', untilMs: clock.now() + openMs };
    state = probe;
    return {
      kind: 'pass',
      report(verdict) {
        if (state !== probe) return;
        state =
          verdict === 'failure' ? { kind: 'open', untilMs: clock.now() + openMs } : { kind: 'closed', failures: 0 };
      },
    };
  }

  return {
    enter() {
      if (state.kind === 'closed') return { kind: 'pass', report: reportWhileClosed };
      const waitMs = state.untilMs - clock.now();
      // A wait longer than openMs means that the clock stepped back: send a probe instead of waiting.
      if (waitMs > 0 && waitMs <= openMs) return { kind: 'refused', retryAfterS: Math.ceil(waitMs / 1000) };
      return sendProbe();
    },
    state: () => state.kind,
  };
}
