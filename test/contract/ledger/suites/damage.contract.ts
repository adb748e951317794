import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ledger } from '../../../../src/ledger/port.ts';
import type { LogFields } from '../../../../src/ports/logger.ts';
import type { Metrics } from '../../../../src/ports/metrics.ts';
import { createFakeClock, TEST_TIME_MS, testUuid7 } from '../../../support/clock.ts';
import type { FakeClock } from '../../../support/clock.ts';
import {
  admission,
  ANN,
  BOB,
  DAY_MS,
  HOUR_MS,
  KEEP_ALL,
  MINUTE_MS,
  passTime,
  quotaCharge,
  readTrail,
  settlement,
} from '../../../support/ledger/ledger.ts';
import { checkpoint, KEY, R1, R2, R3 } from '../ledger-harness.ts';

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

const R4 = testUuid7(4);
const R5 = testUuid7(5);
const TABLES = ['head', 'records', 'requests', 'owners', 'counters', 'cursors', 'checkpoints'];

/** Promises about stored values that are damaged, and about reads that fail. For every ledger over SQLite. */
export function describeDamage(name: string, factory: DamagedLedgerFactory): void {
  let clock: FakeClock;
  let opened: DamagedLedger;
  beforeEach(async () => {
    clock = createFakeClock();
    opened = await factory(clock);
  });
  afterEach(() => opened.close());

  const cut = (seq: number) => opened.sql(`UPDATE records SET line = substr(line, 1, 100) WHERE seq = ${seq}`);
  const unreadableLines = () => opened.logs.filter(({ event }) => event === 'ledger_value_unreadable');
  const seqsOf = (records: readonly { seq: number }[]) => records.map(({ seq }) => seq);

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
      ['countUnknown', (ledger) => ledger.countUnknown()],
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

  describe(`${name}: a damaged record`, () => {
    beforeEach(async () => {
      await opened.ledger.admit(admission(R1, { owner: ANN }));
      await opened.ledger.admit(admission(R2, { owner: BOB }));
      await opened.ledger.settle(settlement(R1, 'accepted'));
      await opened.ledger.admit(admission(R3, { owner: ANN, plan: 'deny' }));
    });

    it.each([
      ['cut short', `substr(line, 1, 100)`, 'not_json'],
      ['another JSON text', `'null'`, 'not_a_record'],
      ['an empty object', `'{}'`, 'not_a_record'],
      ['without its outcome', `json_remove(line, '$.outcome.result')`, 'not_a_record'],
      ['with text for a number', `json_set(line, '$.request.email_count', 'many')`, 'not_a_record'],
      ['of another request', `(SELECT line FROM records WHERE seq = 2)`, 'other_request'],
    ])('%s hides neither its request nor any other', async (_how, value, reason) => {
      await opened.sql(`UPDATE records SET line = ${value} WHERE seq = 4`);
      const { entries } = await opened.ledger.list({ owner: null, before: null, limit: 10 });
      expect(entries).toMatchObject([
        { requestId: R3, state: 'denied', admittedAt: TEST_TIME_MS, decided: null, outcome: null },
        { requestId: R2, state: 'open', decided: { kind: 'intent' } },
        { requestId: R1, state: 'accepted', decided: { kind: 'intent' }, outcome: { kind: 'outcome' } },
      ]);
      expect(entries.map(({ unreadable }) => unreadable)).toEqual([['decision'], [], []]);
      expect(await opened.ledger.find(R3, ANN)).toMatchObject({ ...entries[0], records: [{ seq: 4 }] });
      expect(unreadableLines()).toMatchObject([{ fields: { part: 'record', seq: 4, reason } }]);
      expect(opened.counted).toContain(`ledger_unreadable part=record reason=${reason}`);
    });

    it('that is missing is treated alike', async () => {
      await opened.sql(`DELETE FROM records WHERE seq = 3`);
      expect(await opened.ledger.find(R1, ANN)).toMatchObject({
        state: 'accepted',
        decided: { kind: 'intent' },
        outcome: null,
        unreadable: ['outcome'],
      });
      expect(unreadableLines()).toMatchObject([{ fields: { part: 'record', seq: 3, reason: 'missing' } }]);
    });

    it('is still shown to its owner and to nobody else', async () => {
      await cut(4);
      expect(await opened.ledger.find(R3, BOB)).toBeNull();
      expect((await opened.ledger.list({ owner: BOB, before: null, limit: 10 })).entries).toMatchObject([
        { requestId: R2 },
      ]);
      expect((await opened.ledger.list({ owner: ANN, before: null, limit: 10 })).entries).toHaveLength(2);
    });

    it('whose owner cannot be established is shown to no owner', async () => {
      await opened.sql(`INSERT INTO owners (owner, issuer, client_id, subject) VALUES (99, '${ANN.issuer}', '', 'an')`);
      await opened.sql(`UPDATE requests SET owner = 99 WHERE request_id = '${R3}'`);
      expect(await opened.ledger.find(R3, ANN)).toBeNull();
      expect((await opened.ledger.list({ owner: ANN, before: null, limit: 10 })).entries).toMatchObject([
        { requestId: R1 },
      ]);
      expect(await opened.ledger.find(R3, null)).toMatchObject({ state: 'denied' });
    });

    it('does not put another request’s record in its place when the pointer to it is damaged', async () => {
      await opened.sql(`UPDATE requests SET decided_seq = 2 WHERE request_id = '${R3}'`);
      expect(await opened.ledger.find(R3, ANN)).toMatchObject({ decided: null, unreadable: ['decision'] });
    });

    it.each([
      ['no filter', {}, [1, 2, 4]],
      ['a filter that the rest of the record would match', { requestId: R1 }, [1]],
      ['times around it', { fromMs: TEST_TIME_MS - 1, toMs: TEST_TIME_MS + 1 }, [1, 2, 4]],
    ] as const)('is passed over by a search, which names it: %s', async (_what, filter, found) => {
      await cut(3);
      const slice = await opened.ledger.search({ filter, after: 0, limit: 10 });
      expect(seqsOf(slice.records)).toEqual(found);
      expect(slice).toMatchObject({ done: true, scannedTo: 4, unreadable: [3] });
    });

    it('is named by a search even where nothing is left of what was asked for', async () => {
      await opened.sql(`UPDATE records SET line = '{}' WHERE seq = 1`);
      await opened.sql(`DELETE FROM records WHERE seq IN (2, 4)`);
      const slice = await opened.ledger.search({ filter: { outcome: 'refused' }, after: 0, limit: 10 });
      expect(slice).toEqual({ records: [], scannedTo: 4, done: true, unreadable: [1, 2, 4] });
    });

    it('is given out verbatim with the trail, and to sinks', async () => {
      await cut(2);
      const [first, damaged] = await opened.ledger.records(0, 10);
      expect([first?.line.length, damaged?.line.length]).toEqual([expect.any(Number), 100]);
      expect(await opened.ledger.lease('http', 10)).toHaveLength(4);
    });

    it('is logged once and counted at each read', async () => {
      await cut(1);
      await opened.ledger.find(R1, null);
      await opened.ledger.find(R1, null);
      await opened.ledger.list({ owner: null, before: null, limit: 10 });
      expect(unreadableLines()).toHaveLength(1);
      expect(opened.counted).toHaveLength(3);
    });

    it('is logged without anything of its content', async () => {
      await cut(1);
      await opened.ledger.find(R1, null);
      expect(JSON.stringify(opened.logs)).not.toMatch(/acme|hr-portal|ann/);
    });

    it('keeps neither the sweep nor the reconciliation from other requests', async () => {
      await opened.ledger.admit(admission(R4));
      await opened.ledger.settle(settlement(R4, 'unknown'));
      await opened.ledger.admit(admission(R5));
      await opened.ledger.settle(settlement(R5, 'unknown'));
      for (const seq of [2, 5]) await cut(seq);
      clock.advance(2 * MINUTE_MS);
      expect(await opened.ledger.expired(10)).toEqual([{ requestId: R2, intent: null }]);
      expect(await opened.ledger.unsettled(10)).toMatchObject([
        { requestId: R4, intent: null },
        { requestId: R5, intent: { kind: 'intent' } },
      ]);
    });

    it('does not stop the figures of any sink', async () => {
      clock.advance(MINUTE_MS);
      await opened.ledger.admit(admission(R4));
      await opened.ledger.ack('stdout', 64);
      await cut(1);
      expect(await opened.ledger.backlog(['stdout', 'http'])).toEqual([
        { sink: 'stdout', records: 1, oldestAt: TEST_TIME_MS + MINUTE_MS },
        { sink: 'http', records: 5, oldestAt: TEST_TIME_MS },
      ]);
      await cut(5);
      expect(await opened.ledger.backlog(['stdout'])).toEqual([{ sink: 'stdout', records: 1, oldestAt: null }]);
    });
  });

  describe(`${name}: damaged records in a long trail`, () => {
    const HOURS = 16;
    beforeEach(async () => {
      for (let hour = 0; hour < HOURS; hour += 1) {
        await opened.ledger.admit(admission(testUuid7(100 + hour), { plan: 'deny' }));
        clock.advance(HOUR_MS);
      }
    });
    const search = (fromHour: number, toHour: number) =>
      opened.ledger.search({
        filter: { fromMs: TEST_TIME_MS + fromHour * HOUR_MS, toMs: TEST_TIME_MS + toHour * HOUR_MS },
        after: 0,
        limit: 100,
      });

    it.each(Array.from({ length: HOURS }, (_, hour) => hour + 1))(
      'do not move the ends of a search by time: record %i',
      async (seq) => {
        await cut(seq);
        const found = await search(4, 12);
        const expected = Array.from({ length: 8 }, (_, n) => n + 5).filter((one) => one !== seq);
        expect(seqsOf(found.records)).toEqual(expected);
        expect(found.done).toBe(true);
        if (seq >= 5 && seq <= 12) expect(found.unreadable).toEqual([seq]);
      },
    );

    it('are dropped with the others when their time is over, and not before', async () => {
      await opened.ledger.addCheckpoint(checkpoint(8));
      for (const seq of [4, 8]) await cut(seq);
      const [next] = await opened.ledger.records(8, 1);
      await passTime(opened.ledger, clock, MINUTE_MS);
      const prune = (keepRecordsMs: number) => opened.ledger.prune({ sinks: [], keepRecordsMs });
      // By the age of the checkpoint that covers them.
      expect(await prune(MINUTE_MS)).toMatchObject({ records: 0 });
      expect(await prune(MINUTE_MS - 1)).toMatchObject({ records: 8 });
      const { base } = await opened.ledger.chain();
      expect(base).toEqual({ seq: 8, hash: (JSON.parse(next?.line ?? '') as { prev: string }).prev });
    });

    it('stop the drop, and nothing else, where the chain could not go on from them', async () => {
      await opened.ledger.addCheckpoint(checkpoint(8));
      for (const seq of [8, 9]) await cut(seq);
      await passTime(opened.ledger, clock, DAY_MS);
      expect(await opened.ledger.prune({ sinks: [], keepRecordsMs: 1 })).toEqual({ records: 0, more: false });
      expect(await readTrail(opened.ledger)).toHaveLength(HOURS);
    });
  });

  describe(`${name}: a damaged stored reply`, () => {
    beforeEach(async () => {
      await opened.ledger.admit(admission(R1, { key: KEY }));
      await opened.ledger.settle(settlement(R1, 'accepted'));
    });

    it.each([`'{"status":'`, `'{"status":"bent"}'`, `'null'`, `json_remove(reply, '$.body')`])(
      'never lets the request be sent again: %s',
      async (value) => {
        await opened.sql(`UPDATE replies SET reply = ${value}`);
        for (const id of [R2, R3])
          expect(await opened.ledger.admit(admission(id, { key: KEY }))).toEqual({
            kind: 'reply_unreadable',
            firstRequestId: R1,
          });
        expect(await opened.ledger.admit(admission(R4, { key: KEY, fingerprint: 'body-2' }))).toMatchObject({
          kind: 'key_reused',
        });
        expect(await readTrail(opened.ledger)).toHaveLength(2);
        expect(unreadableLines()).toMatchObject([{ fields: { part: 'reply', request_id: R1 } }]);
      },
    );
  });

  describe(`${name}: a damaged row of a request`, () => {
    beforeEach(async () => {
      for (const id of [R1, R2]) await opened.ledger.admit(admission(id, { charges: [quotaCharge({ amount: 3 })] }));
    });
    const remaining = async () => (await opened.ledger.usage([quotaCharge()]))[0]?.remaining;

    it('with debits that cannot be read is settled all the same, and returns no units', async () => {
      await opened.sql(`UPDATE requests SET debits = '[{"quota":' WHERE request_id = '${R1}'`);
      expect(await opened.ledger.settle(settlement(R1, 'refused'))).toEqual({ kind: 'settled' });
      expect(await remaining()).toBe(4);
      expect(await opened.ledger.settle(settlement(R2, 'refused'))).toEqual({ kind: 'settled' });
      expect(await remaining()).toBe(7);
      expect(unreadableLines()).toMatchObject([{ fields: { part: 'debits', request_id: R1 } }]);
    });

    it('with a state that there is not counts as unknown, which a person may settle', async () => {
      await opened.sql(`UPDATE requests SET state = 'opem' WHERE request_id = '${R1}'`);
      const { entries } = await opened.ledger.list({ owner: null, before: null, limit: 10 });
      expect(entries).toMatchObject([
        { requestId: R2, state: 'open', unreadable: [] },
        { requestId: R1, state: 'unknown', unreadable: ['state'] },
      ]);
      expect(await opened.ledger.settle(settlement(R1, 'accepted', { by: 'sweep' }))).toEqual({
        kind: 'unchanged',
        state: 'unknown',
      });
      expect(await opened.ledger.settle(settlement(R1, 'accepted', { by: 'person' }))).toEqual({ kind: 'settled' });
      expect(await opened.ledger.find(R1, null)).toMatchObject({ state: 'accepted', unreadable: [] });
    });

    it('with a state that its records refute is shown as the records prove it, and marked', async () => {
      await opened.ledger.settle(settlement(R2, 'unknown'));
      await opened.sql(`UPDATE requests SET state = 'accepted'`);
      const { entries } = await opened.ledger.list({ owner: null, before: null, limit: 10 });
      expect(entries).toMatchObject([
        { requestId: R2, state: 'unknown', unreadable: ['state'] },
        { requestId: R1, state: 'open', unreadable: ['state'] },
      ]);
      expect(unreadableLines()).toMatchObject([
        { fields: { part: 'state', reason: 'refuted', request_id: R2 } },
        { fields: { part: 'state', reason: 'refuted', request_id: R1 } },
      ]);
    });

    it('with times beyond all calendars shows none', async () => {
      await opened.sql(`UPDATE requests SET admitted_at = 9000000000000000 WHERE request_id = '${R1}'`);
      expect(await opened.ledger.find(R1, null)).toMatchObject({ admittedAt: null, unreadable: ['state'] });
    });

    it('with an id that is none is left out of lists and sweeps, which go on', async () => {
      await opened.ledger.admit(admission(R3));
      await opened.sql(`UPDATE requests SET request_id = '019c0000-0002-secret' WHERE request_id = '${R2}'`);
      const page = await opened.ledger.list({ owner: null, before: null, limit: 1 });
      expect(page).toMatchObject({ entries: [{ requestId: R3 }], next: R3 });
      const rest = await opened.ledger.list({ owner: null, before: R3, limit: 2 });
      expect(rest).toMatchObject({ entries: [{ requestId: R1 }], next: null });
      clock.advance(MINUTE_MS);
      expect((await opened.ledger.expired(10)).map(({ requestId }) => requestId)).toEqual([R1, R3]);
      expect(await opened.ledger.prune(KEEP_ALL)).toEqual({ records: 0, more: false });
      expect(JSON.stringify(opened.logs)).not.toContain('secret');
    });
  });
}
