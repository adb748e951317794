import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ledger } from '../../../src/ledger/port.ts';
import type { LogFields } from '../../../src/ports/logger.ts';
import type { Metrics } from '../../../src/ports/metrics.ts';
import { createFakeClock } from '../../support/clock.ts';
import type { FakeClock } from '../../support/clock.ts';
import { ANN, quotaCharge } from '../../support/ledger/ledger.ts';
import { R1 } from './ledger-harness.ts';

/** A ledger in a database that the test can change behind the service's back. */
export interface DamagedLedger {
  readonly ledger: Ledger;
  /** Runs one statement as another program would. */
  readonly sql: (statement: string) => void | Promise<void>;
  /** All log lines so far. */
  readonly logs: readonly { readonly event: string; readonly fields: LogFields }[];
  /** All counted metrics so far, as `name label=value …`. */
  readonly counted: readonly string[];
  close(): Promise<void>;
}

/** Metrics that end in this list. */
export function countInto(counted: string[]): Pick<Metrics, 'count'> {
  return {
    count(name, labels = {}) {
      const pairs = Object.entries(labels).map((pair) => pair.join('='));
      counted.push([name, ...pairs].join(' '));
    },
  };
}

export type DamagedLedgerFactory = (clock: FakeClock) => Promise<DamagedLedger>;

const TABLES = ['head', 'records', 'requests', 'counters', 'cursors', 'checkpoints'];

/** Promises about reads that fail. For every ledger over SQLite. */
export function describeDamage(name: string, factory: DamagedLedgerFactory): void {
  let clock: FakeClock;
  let opened: DamagedLedger;
  beforeEach(async () => {
    clock = createFakeClock();
    opened = await factory(clock);
  });
  afterEach(() => opened.close());

  describe(`${name}: a step that fails to read`, () => {
    const READS: [keyof Ledger, (ledger: Ledger) => Promise<unknown>][] = [
      ['find', (ledger) => ledger.find(R1, null)],
      ['list', (ledger) => ledger.list({ owner: null, before: null, limit: 10 })],
      ['usage', (ledger) => ledger.usage([quotaCharge()])],
      ['records', (ledger) => ledger.records(0, 10)],
      ['search', (ledger) => ledger.search({ filter: {}, after: 0, limit: 10 })],
      ['lease', (ledger) => ledger.lease('http', 10)],
      ['backlog', (ledger) => ledger.backlog(['http'])],
      ['chain', (ledger) => ledger.chain()],
      ['checkpoints', (ledger) => ledger.checkpoints(0, 10)],
      ['expired', (ledger) => ledger.expired(10)],
      ['unsettled', (ledger) => ledger.unsettled(10)],
    ];
    beforeEach(async () => {
      for (const table of TABLES) await opened.sql(`ALTER TABLE ${table} RENAME TO ${table}_elsewhere`);
    });
    afterEach(async () => {
      for (const table of TABLES) await opened.sql(`ALTER TABLE ${table}_elsewhere RENAME TO ${table}`);
    });

    it.each(READS)('is counted and logged once, with its reason: %s', async (step, read) => {
      await expect(read(opened.ledger)).rejects.toThrow();
      expect(opened.counted).toEqual([`ledger_failures step=${step}`]);
      const lines = opened.logs.filter(({ event }) => event === 'ledger_step_failed');
      expect(lines).toMatchObject([{ fields: { step, reason: 'storage_failed' } }]);
    });

    it('is counted each time and logged ever more rarely, so that a flood of reads is no flood of lines', async () => {
      for (let times = 0; times < 20; times += 1)
        await expect(opened.ledger.list({ owner: ANN, before: null, limit: 10 })).rejects.toThrow();
      await expect(opened.ledger.chain()).rejects.toThrow();
      expect(opened.counted.filter((one) => one === 'ledger_failures step=list')).toHaveLength(20);
      const steps = opened.logs.flatMap(({ event, fields }) =>
        event === 'ledger_step_failed' ? [fields['step']] : [],
      );
      expect(steps).toEqual(['list', 'list', 'list', 'list', 'list', 'chain']);
    });
  });
}
