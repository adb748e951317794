import type { RecordService } from '../../audit/record.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import { createFailureStreak } from '../../tasks/failure-streak.ts';
import type { ChangeAnswer, ChangeReport, ReportedChange } from './change-report.ts';
import type { Ledger } from '../port.ts';

/**
 * Brings changes from where they are seen to the ledger. A policy is on record before it decides anything, so its caller
 * waits and learns of a failure. Every other change takes effect at once: it is queued, and stays queued until the ledger
 * has it. It has no timer: a recurring task on Node and the next request on Workers try again.
 */
export interface ChangeReporter {
  /** Queues a change. */
  note(change: ReportedChange, seen: ChangeReport['seen']): void;
  /** Writes what is queued, in order. Never rejects: a failure is logged, and the changes stay queued. */
  flush(): Promise<void>;
  /** Whether anything is queued. */
  isWaiting(): boolean;
  /**
   * Writes what is queued and, in the same step, that this policy is taken. Rejects when the ledger cannot: then the
   * policy must not decide anything.
   */
  takePolicy(policy: KeptPolicy, seen: ChangeReport['seen']): Promise<ChangeAnswer>;
}

export interface KeptPolicy {
  readonly digest: string;
  /** The RFC 8785 text that has this digest. */
  readonly document: string;
}

export interface ChangeReporterDeps {
  readonly ledger: Pick<Ledger, 'recordChanges'>;
  readonly service: RecordService;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Far more than can change while a ledger is out of service for a day. */
const MAX_QUEUED = 100;

export function createChangeReporter({ ledger, service, clock, logger }: ChangeReporterDeps): ChangeReporter {
  let queue: readonly ChangeReport[] = [];
  const failures = createFailureStreak<'ledger_unavailable'>(clock);

  /** Sends all that is queued and `last`; returns the answer to `last`. */
  async function send(last: readonly ChangeReport[]): Promise<ChangeAnswer | undefined> {
    const sent = queue;
    const answers = await ledger.recordChanges([...sent, ...last]);
    const settled = new Set(sent.filter((_, index) => answers[index] !== 'deferred'));
    queue = queue.filter((report) => !settled.has(report));
    return answers[sent.length];
  }

  return {
    note(change, seen) {
      queue = [...queue, { change, seen, service }];
      if (queue.length <= MAX_QUEUED) return;
      const [lost] = queue;
      queue = queue.slice(1);
      logger.error('change_lost', { what: lost?.change.what });
    },
    async flush() {
      if (queue.length === 0) return;
      try {
        await send([]);
        failures.succeeded();
      } catch {
        if (failures.failed('ledger_unavailable').shouldLog)
          logger.warn('change_not_recorded', { changes: queue.length, what: queue[0]?.change.what });
      }
    },
    isWaiting: () => queue.length > 0,
    async takePolicy({ digest, document }, seen) {
      const report = (text: string | null): ChangeReport => ({
        change: { what: 'policy_taken', to: digest, document: text },
        seen,
        service,
      });
      let answer = await send([report(null)]);
      if (answer === 'document_needed') answer = await send([report(document)]);
      if (answer === undefined || answer === 'document_needed') throw new Error('the ledger did not take the policy');
      return answer;
    },
  };
}
