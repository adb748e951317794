/** What a ledger keeps beside its trail, compared with the records: the tables are doubles, the records are real. */
import { describe, expect, it } from 'vitest';
import { createFindings } from '../../../../src/audit/verify/findings.ts';
import { readTrailItem } from '../../../../src/audit/verify/item.ts';
import { createTableComparison } from '../../../../src/audit/verify/tables/ledger-tables.ts';
import type { LedgerTables, TableFacts } from '../../../../src/audit/verify/tables/ledger-tables.ts';
import type { RequestRow } from '../../../../src/audit/verify/tables/request-rows.ts';
import { chainRecord, GENESIS_HASH } from '../../../../src/audit/chain.ts';
import type { RecordOutcome } from '../../../../src/audit/record.ts';
import { testUuid7 } from '../../../support/clock.ts';
import { recordDraft } from '../../../support/ledger/ledger.ts';
import { pointed } from './trail-harness.ts';

const ID = testUuid7(1);
const OWNER = { issuer: 'https://id.example.com/', clientId: 'hr-portal', subject: 'ann' };

const EMPTY: LedgerTables = {
  requests: { row: async () => null, count: async () => 0, listsFurther: async () => null, strayKeys: async () => 0 },
  cursors: async () => [],
  isClockStep: async () => true,
  misplacedCheckpoints: async () => [],
  lastChanges: async () => null,
  areIndexesSound: async () => true,
};

const FACTS: TableFacts = {
  place: 'the ledger',
  headPlace: 'the head of the ledger',
  base: 0,
  last: 2,
  isSeen: () => true,
  hasNewerLines: false,
};

/** An admitted request that was accepted, as the service stores it. */
const ROW: RequestRow = {
  state: 'accepted',
  decidedSeq: 1,
  outcomeSeq: 2,
  owner: OWNER,
  settledBy: 'exchange',
  expiresAt: Date.UTC(2026, 2, 2, 10, 1),
  bodySha256: null,
  hasKey: true,
  key: { reply: { status: 200 } },
};

const TABLE = (row: RequestRow | null): LedgerTables['requests'] => ({
  row: async () => row,
  count: async () => (row === null ? 0 : 1),
  listsFurther: async () => null,
  strayKeys: async () => 0,
});

function recordOf(seq: number, kind: 'intent' | 'outcome', outcome: Partial<RecordOutcome>) {
  const draft = recordDraft(kind, ID, outcome);
  const keyed = {
    ...draft,
    request_sha256: 'ab'.repeat(32),
    request: { ...draft.request, idempotency_key_sha256: 'cd'.repeat(32) },
  };
  const place = { seq, id: testUuid7(100 + seq), time: '2026-03-02T10:00:00.000Z', prev: GENESIS_HASH };
  const item = readTrailItem(chainRecord(keyed, place).line);
  if (item.kind !== 'record') throw new Error('no record');
  return item;
}

const INTENT = recordOf(1, 'intent', { expires_at: '2026-03-02T10:01:00.000Z' });
const OUTCOME = recordOf(2, 'outcome', { settled_by: 'exchange', status: 200 });

async function found(tables: Partial<LedgerTables>, facts: Partial<TableFacts> = {}, isNewer = false) {
  const findings = createFindings();
  const comparison = createTableComparison({ ...EMPTY, ...tables }, findings);
  for (const record of 'requests' in tables ? [INTENT, OUTCOME] : []) {
    await comparison.record(record, { place: { prefix: 'ledger seq ', at: record.seq }, isNewer });
  }
  await comparison.end({ ...FACTS, ...facts });
  return { pointed: pointed({ findings: findings.list() }), messages: findings.list().map(({ message }) => message) };
}

describe('comparing the tables of a ledger with its records', () => {
  it('finds nothing when they say the same', async () => {
    expect(await found({ requests: TABLE(ROW) })).toMatchObject({ pointed: [] });
  });

  it.each<[string, Partial<RequestRow>, string]>([
    ['a state', { state: 'refused' }, 'request_refuted 2 @ ledger seq 2'],
    ['who settled it', { settledBy: 'sweep' }, 'request_refuted 2 @ ledger seq 2'],
    ['a later deadline', { expiresAt: Date.UTC(2026, 2, 2, 10, 2) }, 'request_refuted 1 @ ledger seq 1'],
    ['no deadline', { expiresAt: null }, 'request_refuted 1 @ ledger seq 1'],
    ['another body', { bodySha256: 'ef'.repeat(32) }, 'request_refuted 1 @ ledger seq 1'],
    ['an outcome record behind the end', { outcomeSeq: 9 }, 'request_refuted 1 @ ledger seq 1'],
    ['another status', { key: { reply: { status: 403 } } }, 'key_refuted 2 @ ledger seq 2'],
    ['no stored answer', { key: { reply: 'none' } }, 'key_refuted 1 @ ledger seq 1'],
    ['a damaged stored answer', { key: { reply: 'unreadable' } }, 'key_refuted 1 @ ledger seq 1'],
  ])('finds a request with %s', async (_what, changes, expected) => {
    expect(await found({ requests: TABLE({ ...ROW, ...changes }) })).toMatchObject({ pointed: [expected] });
  });

  it('takes an earlier deadline as it is, because a correction of the clock makes it earlier', async () => {
    expect(await found({ requests: TABLE({ ...ROW, expiresAt: 1 }) })).toMatchObject({ pointed: [] });
  });

  it('takes an answer that is not kept any more as it is, because keys end', async () => {
    expect(await found({ requests: TABLE({ ...ROW, key: null }) })).toMatchObject({ pointed: [] });
  });

  it('does not name a request whose outcome record is damaged or missing, because that is another finding', async () => {
    const row = { ...ROW, outcomeSeq: 3 };
    const isHole = { last: 5, isSeen: (seq: number) => seq !== 3 };
    // Its outcome record here, record 2, is not the one that the row names, and is earlier.
    expect(await found({ requests: TABLE(row) }, isHole)).toMatchObject({ pointed: [] });
  });

  it('compares no request that a newer line names, and counts nothing then', async () => {
    const requests = { ...TABLE({ ...ROW, state: 'refused' }), count: async () => 7 };
    expect(await found({ requests }, { hasNewerLines: true }, true)).toMatchObject({ pointed: [] });
    expect(await found({ requests }, { hasNewerLines: true })).toMatchObject({
      pointed: ['request_refuted 2 @ ledger seq 2'],
    });
  });

  it('names the sink whose cursor is beyond the end', async () => {
    const cursors = async () => [
      { sink: 'stdout', seq: 2 },
      { sink: 'http', seq: 3 },
    ];
    const { pointed: where, messages } = await found({ cursors });
    expect(where).toEqual(['cursor_beyond_end 3 @ the head of the ledger']);
    expect(messages[0]).toContain('sink http');
  });

  it('finds an index that does not fit, and a checkpoint that no sink would receive', async () => {
    const tables = { areIndexesSound: async () => false, misplacedCheckpoints: async () => [2] };
    expect(await found(tables)).toMatchObject({
      pointed: ['checkpoint_undeliverable 2 @ ledger checkpoint 2', 'index_refuted - @ the ledger'],
    });
  });
});
