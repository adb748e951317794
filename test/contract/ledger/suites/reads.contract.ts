import { describe, expect, it } from 'vitest';
import { readRecordSchema } from '../../../../src/audit/record.ts';
import type { AuditRecord, ReadRecord } from '../../../../src/audit/record.ts';
import { MAX_READERS } from '../../../../src/ledger/records/read-count.ts';
import { testUuid7 } from '../../../support/clock.ts';
import { MINUTE_MS, readReport, readTrail } from '../../../support/ledger/ledger.ts';
import type { LedgerHarness } from '../ledger-harness.ts';

/** Who reads the trail is on record, and a reader who polls adds a bounded number of records. */
export function describeReads(harness: LedgerHarness): void {
  async function reads(): Promise<readonly ReadRecord[]> {
    const records = (await readTrail(harness.ledger)).map((line) => JSON.parse(line) as AuditRecord);
    return records.filter((record) => record.kind === 'read');
  }

  describe('a read', () => {
    it('is in one record a minute and reader, with counts', async () => {
      const { ledger, clock } = harness;
      await ledger.countRead(readReport(1, { records: 3, seqs: { first: 5, last: 7 } }));
      clock.advance(1000);
      await ledger.countRead(
        readReport(2, { what: 'search', records: 1, seqs: { first: 2, last: 2 }, filters: ['email'] }),
      );
      await ledger.countRead(readReport(3, { what: 'search', filters: ['from', 'email'] }));
      await ledger.countRead(readReport(4));
      expect(await ledger.recordReads(10)).toEqual({ records: 0, more: false });
      expect(await reads()).toEqual([]);
      clock.advance(MINUTE_MS);
      expect(await ledger.recordReads(10)).toEqual({ records: 1, more: false });
      const { reader, service } = readReport(1);
      const [record, ...others] = await reads();
      expect(others).toEqual([]);
      expect(record).toMatchObject({
        ...{ seq: 1, kind: 'read', actor: reader, service },
        read: {
          ...{ count: 4, records: 4, first_seq: 2, last_seq: 7, filters: ['email', 'from'] },
          counts: [
            { what: 'trail', count: 2 },
            { what: 'search', count: 2 },
          ],
        },
      });
      expect(readRecordSchema.safeParse(record).error).toBeUndefined();
      expect(Date.parse(record?.read.to ?? '') - Date.parse(record?.read.from ?? '')).toBe(1000);
      expect(await ledger.recordReads(10)).toEqual({ records: 0, more: false });
    });

    it('of an empty answer counts, and gives no place', async () => {
      await harness.ledger.countRead(readReport(1));
      harness.clock.advance(MINUTE_MS);
      await harness.ledger.recordReads(10);
      const [record] = await reads();
      expect(record?.read).toMatchObject({ count: 1, records: 0, filters: [] });
      expect(record?.read).not.toHaveProperty('first_seq');
      expect(readRecordSchema.safeParse(record).error).toBeUndefined();
    });

    it('is counted exactly when many arrive at once', async () => {
      await Promise.all(
        Array.from({ length: 40 }, (_, n) =>
          harness.ledger.countRead(readReport(n, { records: 2, seqs: { first: n + 1, last: n + 2 } })),
        ),
      );
      harness.clock.advance(MINUTE_MS);
      await harness.ledger.recordReads(10);
      expect((await reads()).map(({ read }) => [read.count, read.records, read.first_seq, read.last_seq])).toEqual([
        [40, 80, 1, 41],
      ]);
    });

    it('is counted once when its report comes again', async () => {
      for (let times = 0; times < 3; times += 1) await harness.ledger.countRead(readReport(1, { records: 3 }));
      harness.clock.advance(MINUTE_MS);
      await harness.ledger.recordReads(10);
      expect((await reads()).map(({ read }) => read)).toMatchObject([{ count: 1, records: 3 }]);
    });

    it('is counted by issuer, client and subject', async () => {
      const { reader } = readReport(1);
      const readers = [
        reader,
        { ...reader, subject: 'lee' },
        { ...reader, client_id: 'siem' },
        { ...reader, issuer_url: 'https://other.example.com' },
        // The short name of an issuer may change, and a person is no other one with another kind of token.
        { ...reader, issuer: 'renamed', kind: 'app' as const },
      ];
      for (const [n, one] of readers.entries()) await harness.ledger.countRead(readReport(n, { reader: one }));
      harness.clock.advance(MINUTE_MS);
      expect(await harness.ledger.recordReads(10)).toEqual({ records: 4, more: false });
      expect((await reads()).map(({ read }) => read.count).toSorted((a, b) => a - b)).toEqual([1, 1, 1, 2]);
    });

    it('is recorded minute by minute, the oldest first, in bounded steps', async () => {
      for (let n = 0; n < 3; n += 1) {
        await harness.ledger.countRead(readReport(n, { records: n }));
        harness.clock.advance(MINUTE_MS);
      }
      expect(await harness.ledger.recordReads(2)).toEqual({ records: 2, more: true });
      expect(await harness.ledger.recordReads(2)).toEqual({ records: 1, more: false });
      expect((await reads()).map(({ read }) => read.records)).toEqual([0, 1, 2]);
    });

    it('of more readers in a minute than get a record of their own is in one without an actor', async () => {
      const { reader } = readReport(1);
      for (let n = 0; n < MAX_READERS + 3; n += 1)
        await harness.ledger.countRead(readReport(n, { reader: { ...reader, subject: `reader-${n}` } }));
      await harness.ledger.countRead(readReport(900, { reader: { ...reader, subject: 'reader-0' } }));
      await harness.ledger.countRead(readReport(901, { reader: { ...reader, subject: `reader-${MAX_READERS}` } }));
      harness.clock.advance(MINUTE_MS);
      expect(await harness.ledger.recordReads(1000)).toEqual({ records: MAX_READERS + 1, more: false });
      const all = await reads();
      const unnamed = all.filter(({ actor }) => actor === undefined);
      expect(unnamed.map(({ read }) => read.count)).toEqual([4]);
      for (const record of unnamed) expect(readRecordSchema.safeParse(record).error).toBeUndefined();
      expect(all.find(({ actor }) => actor?.subject === 'reader-0')?.read.count).toBe(2);
      expect(all.reduce((sum, { read }) => sum + read.count, 0)).toBe(MAX_READERS + 5);
    });

    it('is found by its reader and by time, and by nothing else', async () => {
      await harness.ledger.countRead(readReport(1, { what: 'search', filters: ['email'] }));
      harness.clock.advance(MINUTE_MS);
      await harness.ledger.recordReads(10);
      const found = async (filter: Parameters<typeof harness.ledger.search>[0]['filter']) => {
        const { records, unreadable } = await harness.ledger.search({ filter, after: 0, limit: 10 });
        expect(unreadable).toEqual([]);
        return records.length;
      };
      const { subject, client_id: clientId } = readReport(1).reader;
      expect(await found({})).toBe(1);
      expect(await found({ subject })).toBe(1);
      expect(await found({ clientId, fromMs: 0 })).toBe(1);
      expect(await found({ subject: 'ann' })).toBe(0);
      expect(await found({ subject, email: 'ann@acme.com' })).toBe(0);
      expect(await found({ subject, outcome: 'denied' })).toBe(0);
      expect(await found({ rule: 'hr-staff' })).toBe(0);
      expect(await found({ requestId: testUuid7(1) })).toBe(0);
    });

    it('goes to the sinks like every record', async () => {
      await harness.ledger.countRead(readReport(1));
      harness.clock.advance(MINUTE_MS);
      await harness.ledger.recordReads(10);
      expect(await harness.ledger.lease('stdout', 10)).toMatchObject([{ kind: 'record' }]);
    });
  });
}
