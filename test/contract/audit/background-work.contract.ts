import { describe, expect, it } from 'vitest';
import type { CheckpointSigner } from '../../../src/audit/checkpoint/checkpoint.ts';
import { SinkError } from '../../../src/audit/delivery/sink.ts';
import type { LogFields, Logger } from '../../../src/ports/logger.ts';

/**
 * What every driver of the background work must do alike, the wakeable loops on Node and the ledger object's alarm on
 * Workers: the same reasons in log lines and metrics, the same back-off, Retry-After obeyed, one recovery line. A
 * driver may gather work for up to a second before a run, and no longer.
 */
export interface BackgroundDriver {
  /** Each write that reached the sink. */
  readonly attempts: readonly Attempt[];
  readonly log: readonly LogLine[];
  /** `result` of each `audit_deliveries` count. */
  readonly results: readonly string[];
  /** Stores one record more. */
  record(): Promise<void>;
  /** Changes a stored record in place. */
  damageLastRecord(): Promise<void>;
  /** Lets time pass to the next run, and lets that run end. */
  runNext(): Promise<void>;
}

export interface Attempt {
  readonly items: number;
  readonly atMs: number;
}

export interface DriverOptions {
  /** How the sink answers each write in order; beyond the last one it takes everything. */
  readonly answers: readonly (Error | 'taken')[];
  readonly signer: () => Promise<CheckpointSigner | null>;
}

type LogLine = LogFields & { readonly event: string };

/** The jitter that every driver under test gets: three quarters of the full back-off. */
export const MIDDLE = { next: () => 0.5 };
const GATHER_MS = 1_000;

export function createAttempts({ answers }: DriverOptions, nowMs: () => number) {
  const attempts: Attempt[] = [];
  return {
    attempts,
    sink: {
      name: 'http',
      async write(items: readonly unknown[]) {
        const answer = answers[attempts.length] ?? 'taken';
        attempts.push({ items: items.length, atMs: nowMs() });
        if (answer !== 'taken') throw answer;
      },
    },
  };
}

export function createKeptLog(): { readonly log: LogLine[]; readonly logger: Logger } {
  const log: LogLine[] = [];
  const keep = (event: string, fields: LogFields = {}): void => void log.push({ event, ...fields });
  return { log, logger: { debug: keep, info: keep, warn: keep, error: keep } };
}

interface FailureCase {
  readonly title: string;
  readonly answers: DriverOptions['answers'];
  /** `reason` and `next_try_ms` of the lines, in order. */
  readonly failures: readonly (readonly [reason: string, nextTryMs: number])[];
}

const CASES: readonly FailureCase[] = [
  {
    title: 'names the sink’s own reason',
    answers: [new SinkError('credentials_rejected')],
    failures: [['credentials_rejected', 750]],
  },
  {
    title: 'names an exception of another kind unknown',
    answers: [new Error('Bearer s3cret')],
    failures: [['unknown', 750]],
  },
  {
    title: 'doubles the wait after each failure',
    answers: [new SinkError('unreachable'), new SinkError('unreachable')],
    failures: [
      ['unreachable', 750],
      ['unreachable', 1_500],
    ],
  },
  {
    title: 'waits as long as Retry-After asks',
    answers: [new SinkError('rate_limited', 90_000)],
    failures: [['rate_limited', 90_000]],
  },
  {
    title: 'waits five minutes at most for Retry-After',
    answers: [new SinkError('server_error', 3_600_000)],
    failures: [['server_error', 300_000]],
  },
];

export function backgroundWorkContract(start: (options: DriverOptions) => BackgroundDriver): void {
  const unsigned = async (): Promise<null> => null;

  async function runUntil(driver: BackgroundDriver, done: () => boolean): Promise<void> {
    for (let runs = 0; runs < 50 && !done(); runs += 1) await driver.runNext();
    expect(done()).toBe(true);
  }

  describe('a failing sink', () => {
    it.each(CASES)('$title', async ({ answers, failures }) => {
      const driver = start({ answers, signer: unsigned });
      await driver.record();
      await runUntil(driver, () => driver.log.some(({ event }) => event === 'audit_delivery_recovered'));
      expect(driver.log.map((line) => ({ ...line, failing_ms: undefined }))).toEqual([
        ...failures.map(([reason, nextTryMs], n) => ({
          event: 'audit_delivery_failed',
          sink: 'http',
          reason,
          failures: n + 1,
          next_try_ms: nextTryMs,
        })),
        { event: 'audit_delivery_recovered', sink: 'http', failures: failures.length },
      ]);
      for (const [n, [, nextTryMs]] of failures.entries()) {
        const waitedMs = (driver.attempts[n + 1]?.atMs ?? 0) - (driver.attempts[n]?.atMs ?? 0);
        expect(waitedMs).toBeGreaterThanOrEqual(nextTryMs);
        expect(waitedMs).toBeLessThanOrEqual(nextTryMs + GATHER_MS);
      }
      expect(driver.results.slice(0, failures.length)).toEqual(failures.map(([reason]) => reason));
      expect(driver.results.at(failures.length)).toBe('delivered');
    });

    it('gets half of a batch that was too large, without a back-off', async () => {
      const driver = start({ answers: [new SinkError('too_large')], signer: unsigned });
      for (let n = 0; n < 6; n += 1) await driver.record();
      await runUntil(driver, () => driver.attempts.length > 1);
      const [first, second] = driver.attempts;
      expect(second?.items).toBe(Math.floor((first?.items ?? 0) / 2));
      expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeLessThanOrEqual(GATHER_MS);
    });
  });

  describe('a checkpoint', () => {
    it('that cannot be signed is logged with its reason, tried again after 30 s, and its recovery logged', async () => {
      let isReadable = false;
      const signer = async (): Promise<null> => {
        if (!isReadable) throw new Error('key material');
        return null;
      };
      const driver = start({ answers: [], signer });
      await driver.record();
      const failed = { event: 'audit_checkpoint_failed', reason: 'signing_failed' };
      await runUntil(driver, () => driver.log.length === 2);
      expect(driver.log).toEqual([
        { ...failed, failures: 1 },
        { ...failed, failures: 2 },
      ]);
      isReadable = true;
      await runUntil(driver, () => driver.log.length === 3);
      expect(driver.log[2]).toEqual({ event: 'audit_checkpoint_recovered', failures: 2, failing_ms: 60_000 });
    });

    it('is not made of a changed record, which is logged once', async () => {
      const driver = start({ answers: [], signer: unsigned });
      await driver.record();
      await driver.damageLastRecord();
      for (let runs = 0; runs < 5; runs += 1) await driver.runNext();
      expect(driver.log).toEqual([{ event: 'audit_trail_broken', seq: 1, reason: 'edited' }]);
    });
  });
}
