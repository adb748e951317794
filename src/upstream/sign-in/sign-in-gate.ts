import type { SignInEnd, SignInHold, SignInLedger } from '../../ledger/sign-in-hold.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Ids } from '../../ports/ids.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { Schedule } from '../../ports/schedule.ts';
import { isAttempt } from '../../ledger/sign-in-hold.ts';
import { createFailureStreak } from '../../tasks/failure-streak.ts';
import type { NotSent } from '../failure.ts';
import type { FingerprintOf } from './secret-fingerprint.ts';

/**
 * The gate before every attempt to sign in with a password: asks the ledger for the right to try, waits while another
 * process tries, and reports the end. Invariant: a refusal that the ledger could not take is kept here, and nothing is
 * tried before it is on record. No method rejects.
 */
export interface SignInGate {
  readonly fingerprintOf: FingerprintOf;
  /** Whether a secret that was accepted before may be sent without a passage: no refusal is known since. */
  isOpen(fingerprint: string): Promise<boolean>;
  /** Waits for at most `withinMs` while another process tries. */
  enter(fingerprint: string, withinMs: number): Promise<Passage | NotSent>;
  /** A refusal may be reported without a passage. */
  leave(passage: Passage, hold: SignInEnd['hold']): Promise<void>;
}

export interface Passage {
  readonly kind: 'passage';
  readonly fingerprint: string;
  readonly claim: string;
}

export interface SignInGateDeps {
  readonly ledger: Pick<SignInLedger, 'signInHold' | 'claimSignIn' | 'endSignIn'>;
  readonly ids: Ids;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'count'>;
  readonly fingerprintOf: FingerprintOf;
}

/** Longer than one attempt takes, and than an invite that is sent with a password. */
const LEASE_MS = 60_000;
const POLL_MS = 200;

export function createSignInGate(deps: SignInGateDeps): SignInGate {
  const { ledger, ids, clock, schedule, logger, metrics } = deps;
  const failures = createFailureStreak<string>(clock);
  let unreported: SignInEnd | null = null;

  async function report(end: SignInEnd): Promise<boolean> {
    try {
      await ledger.endSignIn(end);
      if (unreported === end) unreported = null;
      return true;
    } catch {
      if (end.hold?.reason === 'refused') unreported = end;
      return false;
    }
  }

  function held(hold: SignInHold, fingerprint: string): NotSent {
    metrics.count('sign_ins', { result: 'held' });
    const retryAfterS = Math.max(1, Math.ceil(hold.waitMs / 1000));
    if (failures.failed(`${hold.reason} ${fingerprint}`).shouldLog) {
      logger.error('sign_in_held', { reason: hold.reason, key_fingerprint: fingerprint, retry_after_s: retryAfterS });
    }
    return notSent(hold.reason === 'refused' ? 'sign_in_refused' : 'sign_in_failed', retryAfterS);
  }

  function ledgerFailed(): NotSent {
    if (failures.failed('ledger').shouldLog)
      logger.error('sign_in_failed', { reason: 'ledger_unavailable', status: null });
    return notSent('sign_in_failed', null);
  }

  return {
    fingerprintOf: deps.fingerprintOf,
    async isOpen(fingerprint) {
      if (unreported !== null) return false;
      const hold = await ledger.signInHold(fingerprint).catch(() => 'failed' as const);
      return hold === null || (hold !== 'failed' && hold.reason === 'attempt');
    },
    async enter(fingerprint, withinMs) {
      if (unreported !== null && !(await report(unreported))) return ledgerFailed();
      const claim = ids.uuid7();
      const untilMs = clock.now() + withinMs;
      for (let waitedMs = 0; ; waitedMs += POLL_MS) {
        const claimed = await ledger.claimSignIn({ fingerprint, claim, leaseMs: LEASE_MS }).catch(() => null);
        if (claimed === null) return ledgerFailed();
        if (claimed.kind === 'granted') return { kind: 'passage', fingerprint, claim };
        const { hold } = claimed;
        // The waits are counted as well: a clock that is set back must not make this endless.
        const isOver = clock.now() + POLL_MS >= untilMs || waitedMs + POLL_MS >= withinMs;
        if (!isAttempt(hold) || isOver) return held(hold, fingerprint);
        await new Promise<void>((resolve) => schedule.after(POLL_MS, resolve));
      }
    },
    async leave({ fingerprint, claim }, hold) {
      failures.succeeded();
      await report({ fingerprint, claim, hold });
    },
  };
}

export function notSent(reason: NotSent['reason'], retryAfterS: number | null): NotSent {
  return { kind: 'not_sent', reason, upstreamStatus: null, retryAfterS };
}
