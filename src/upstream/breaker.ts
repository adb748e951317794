import type { Clock } from '../ports/clock.ts';

/**
 * Stops sending to an upstream that keeps failing, so that callers hear "not sent" at once instead of
 * collecting unknown outcomes. It counts consecutive failures only. Answers that a caller brought about (4xx)
 * are ignored while closed: they neither open it nor, mixed among failures, keep it closed.
 * In half-open the question is only whether the upstream answers, so there an ignored answer closes it.
 */
export interface Breaker {
  /** Asks to send. Whoever passes reports exactly once how it went. */
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
  /** One probe is out; when it has not come back by `untilMs`, the next may go. */
  | { readonly kind: 'half_open'; readonly untilMs: number };

export interface BreakerDeps {
  readonly clock: Clock;
  /** Consecutive failures that open it. */
  readonly threshold?: number;
  readonly openMs?: number;
}

export function createBreaker({ clock, threshold = 5, openMs = 10_000 }: BreakerDeps): Breaker {
  let state: BreakerState = { kind: 'closed', failures: 0 };

  function reportWhileClosed(verdict: BreakerVerdict): void {
    // Late news from before it opened says nothing about now.
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
      const queueTimeoutMs = state.untilMs - clock.now();
      // A wait longer than openMs means that the clock stepped back: probe rather than wait for it.
      if (queueTimeoutMs > 0 && queueTimeoutMs <= openMs)
        return { kind: 'refused', retryAfterS: Math.ceil(queueTimeoutMs / 1000) };
      return sendProbe();
    },
    state: () => state.kind,
  };
}
