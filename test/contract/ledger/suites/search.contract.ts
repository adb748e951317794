import { beforeEach, describe, expect, it } from 'vitest';
import type { RecordDraft } from '../../../../src/audit/record.ts';
import type { SearchFilter } from '../../../../src/audit/search.ts';
import { MAX_PAGE_LENGTH, MAX_SLICE_RECORDS } from '../../../../src/ledger/page.ts';
import { TEST_TIME_MS, testUuid7 } from '../../../support/clock.ts';
import { admission, DAY_MS, MINUTE_MS, onlyRecord, recordDraft } from '../../../support/ledger/ledger.ts';
import { R1, R2, R3 } from '../ledger-harness.ts';
import type { LedgerHarness } from '../ledger-harness.ts';

/** The results of a search of the trail, and how far each slice reports to have scanned. */
export function describeSearch(harness: LedgerHarness): void {
  const write = (requestId: string, changes: Partial<RecordDraft> = {}, plan: 'send' | 'deny' = 'deny') =>
    harness.ledger.admit(
      admission(requestId, {
        plan,
        records: onlyRecord({ ...recordDraft('denial', requestId), ...changes }),
      }),
    );
  const slice = async (filter: SearchFilter, after = 0, limit = 100) => {
    const { records, scannedTo, done } = await harness.ledger.search({ filter, after, limit });
    return { found: records.map(({ seq }) => seq), scannedTo, done };
  };

  describe('a search', () => {
    beforeEach(async () => {
      const { actor, request, policy } = recordDraft('denial', R1);
      await write(R1);
      harness.clock.advance(MINUTE_MS);
      await write(R2, {
        actor: { ...actor, subject: 'bob "the builder"', client_id: 'it-tool' },
        request: { ...request, emails: ['Zoë@acme.com'.replace('ë', 'e'), 'percent%_@example.com'], email_count: 2 },
      });
      harness.clock.advance(MINUTE_MS);
      await write(R3, {
        policy: { ...policy, decisions: [{ decision: 'deny', rule: 'never-invite', because: [], email_count: 1 }] },
        outcome: { result: 'refused' },
      });
      await harness.ledger.admit(admission(testUuid7(4), { plan: 'dry_run' }));
    });

    it.each<[string, SearchFilter, number[]]>([
      ['nothing in particular', {}, [1, 2, 3, 4]],
      ['a request', { requestId: R2 }, [2]],
      ['a subject', { subject: 'ann' }, [1, 3, 4]],
      ['a subject with quotes in it', { subject: 'bob "the builder"' }, [2]],
      ['a part of a subject', { subject: 'an' }, []],
      ['a client', { clientId: 'it-tool' }, [2]],
      ['a client under the name of a subject', { clientId: 'ann' }, []],
      ['an address, whatever its case', { email: 'zoE@ACME.com' }, [2]],
      ['an address with signs that patterns know', { email: 'PERCENT%_@example.com' }, [2]],
      ['a pattern of an address', { email: '%@%' }, []],
      ['an address that is in the record as another member', { email: 'hr-staff' }, []],
      ['an address that holds a lone surrogate', { email: '\ud800@acme.com' }, []],
      ['a kind', { kind: 'denial' }, [1, 2, 3]],
      ['a kind and a client', { kind: 'dry_run', clientId: 'hr-portal' }, [4]],
      ['a kind that no record has', { kind: 'change' }, []],
      ['an outcome', { outcome: 'refused' }, [3]],
      ['a rule', { rule: 'hr-staff' }, [1, 2, 4]],
      ['a rule and a client', { rule: 'hr-staff', clientId: 'hr-portal' }, [1, 4]],
      ['a time, from', { fromMs: TEST_TIME_MS + MINUTE_MS }, [2, 3, 4]],
      ['a time, to', { toMs: TEST_TIME_MS + MINUTE_MS }, [1]],
      ['a time, from and to', { fromMs: TEST_TIME_MS + 1, toMs: TEST_TIME_MS + 2 * MINUTE_MS }, [2]],
      ['a time that has not come', { fromMs: TEST_TIME_MS + DAY_MS }, []],
      ['a time before the first record', { toMs: TEST_TIME_MS }, []],
      ['a time that ends before it begins', { fromMs: TEST_TIME_MS + DAY_MS, toMs: TEST_TIME_MS }, []],
    ])('for %s finds exactly what matches', async (_what, filter, found) => {
      expect(await slice(filter)).toMatchObject({ found, done: true });
    });

    it('continues after its cursor, and is done at the end of the trail', async () => {
      expect(await slice({ subject: 'ann' }, 0, 2)).toEqual({ found: [1, 3], scannedTo: 3, done: false });
      expect(await slice({ subject: 'ann' }, 3, 2)).toEqual({ found: [4], scannedTo: 4, done: true });
      expect(await slice({ subject: 'ann' }, 4, 2)).toEqual({ found: [], scannedTo: 4, done: true });
      expect(await slice({ subject: 'ann' }, 99, 2)).toEqual({ found: [], scannedTo: 99, done: true });
    });

    it('is done when what is left is too late to match', async () => {
      expect(await slice({ toMs: TEST_TIME_MS + 1 }, 0, 1)).toEqual({ found: [1], scannedTo: 1, done: true });
    });

    it('never skips a match that did not fit on the page', async () => {
      expect(await slice({ rule: 'hr-staff' }, 0, 1)).toEqual({ found: [1], scannedTo: 1, done: false });
      expect(await slice({ rule: 'hr-staff' }, 1, 1)).toMatchObject({ found: [2], done: false });
    });

    it('gives no more than a page by weight, and reports how far it scanned', async () => {
      const heavy = { source: { address: 'x'.repeat(MAX_PAGE_LENGTH / 2) }, outcome: { result: 'not_sent' as const } };
      await write(testUuid7(5), heavy, 'send');
      await write(testUuid7(6), heavy, 'send');
      expect(await slice({ outcome: 'not_sent' })).toEqual({ found: [5], scannedTo: 5, done: false });
      expect(await slice({ outcome: 'not_sent' }, 5)).toEqual({ found: [6], scannedTo: 6, done: true });
    });

    it('scans a few hundred records at a time, and finds all in the end', async () => {
      await harness.fill(1200);
      await write(testUuid7(7), { outcome: { result: 'refused' } });
      const found: number[] = [];
      let slices = 0;
      for (let after = 0, done = false; !done; slices += 1) {
        const part = await slice({ outcome: 'refused' }, after);
        expect(part.scannedTo - after).toBeLessThanOrEqual(MAX_SLICE_RECORDS);
        found.push(...part.found);
        ({ scannedTo: after, done } = part);
      }
      expect(found).toEqual([3, 1205]);
      expect(slices).toBe(Math.ceil(1205 / MAX_SLICE_RECORDS));
    }, 60_000);

    it('begins after the records that retention has dropped', async () => {
      await harness.addCheckpoint(2);
      await harness.pass(10 * DAY_MS);
      await harness.ledger.prune({ sinks: [], keepRecordsMs: DAY_MS });
      expect(await slice({})).toEqual({ found: [3, 4], scannedTo: 4, done: true });
      expect(await slice({ fromMs: TEST_TIME_MS, toMs: TEST_TIME_MS + MINUTE_MS })).toEqual({
        found: [],
        scannedTo: 2,
        done: true,
      });
    });
  });
}
