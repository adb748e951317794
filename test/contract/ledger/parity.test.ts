import { DatabaseSync } from 'node:sqlite';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../../src/audit/chain.ts';
import type { SearchFilter } from '../../../src/audit/search.ts';
import { createFindings } from '../../../src/audit/verify/findings.ts';
import { readTrailItem } from '../../../src/audit/verify/item.ts';
import { createTableComparison } from '../../../src/audit/verify/tables/ledger-tables.ts';
import { listsFurther } from '../../../src/ledger/sqlite/requests/further-records.ts';
import { countRequests, countStrayKeys, readRequestRow } from '../../../src/ledger/sqlite/requests/request-table.ts';
import { misplacedCheckpoints } from '../../../src/ledger/sqlite/trail/checkpoints.ts';
import { clockSteps } from '../../../src/ledger/sqlite/trail/trail.ts';
import type { SqlitePort } from '../../../src/ledger/sqlite/sqlite-port.ts';
import { createBatchedLedger } from '../../../src/ledger/batched-ledger.ts';
import { createMemoryLedger } from '../../support/ledger/memory-ledger.ts';
import type { ChangeReport, ReportedChange } from '../../../src/ledger/records/change-report.ts';
import type { Ending, Ledger, SettledBy } from '../../../src/ledger/port.ts';
import { sha256Hex } from '../../../src/lib/sha256.ts';
import { createSqliteLedger } from '../../../src/ledger/sqlite/sqlite-ledger.ts';
import { createNodeSqlite } from '../../../src/platform/node/ledger/sqlite.ts';
import { createFakeClock, createFakeIds, TEST_TIME_MS, testUuid7 } from '../../support/clock.ts';
import type { FakeClock } from '../../support/clock.ts';
import {
  admission,
  ANN,
  BOB,
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  quotaCharge,
  readReport,
  readTrail,
  recordDraft,
  settlement,
} from '../../support/ledger/ledger.ts';
import { checkpoint } from './ledger-harness.ts';

/** Random sequences of steps: the SQLite ledger and the reference model must agree, down to the bytes of the trail. */
type Write =
  | {
      step: 'admit';
      id: number;
      plan: 'send' | 'deny' | 'dry_run';
      owner: number;
      key: number | null;
      body: number;
      charges: readonly ChargeChoice[];
      leavesOut: boolean;
      expiresInMs: number;
    }
  | { step: 'settle'; id: number; by: SettledBy; ending: Ending }
  | { step: 'attempt'; id: number; seen: boolean; nextInMs: number | null }
  | { step: 'ack'; sink: number; position: number }
  | { step: 'flood'; id: number; owner: number; requests: number }
  | { step: 'suppressed'; limit: number }
  | { step: 'read'; id: number; reader: number; records: number }
  | { step: 'reads'; limit: number }
  | { step: 'change'; what: number; value: number; isFound: boolean }
  | { step: 'checkpoint'; count: number }
  | { step: 'prune'; sinks: number; keepRecordsMs: number | null };

interface Round {
  readonly writes: readonly Write[];
  readonly advanceMs: number;
  readonly jumpMs: number | null;
  /** Heard before the writes: a witness acts at once, while writes wait for their commit. */
  readonly witness: { readonly offMs: number; readonly kind: 'now' | 'at_least' } | null;
}

interface ChargeChoice {
  readonly quota: number;
  readonly amount: number;
  readonly limit: number;
}

const QUOTAS = [
  { quota: 'app-day', unit: 'emails', windowMs: DAY_MS },
  { quota: 'app-minute', unit: 'emails', windowMs: MINUTE_MS },
  { quota: 'burst', unit: 'requests', windowMs: MINUTE_MS },
  { quota: 'person', unit: 'emails', windowMs: HOUR_MS, visible: false },
  { quota: 'org-minute', unit: 'requests', windowMs: MINUTE_MS, admittedOnly: true },
] as const;

const SINKS = ['sink-0', 'sink-1'];

const FILTERS: readonly SearchFilter[] = [
  {},
  { outcome: 'accepted' },
  { requestId: testUuid7(7), email: 'NEW.colleague@acme.com' },
  { rule: 'hr-staff', fromMs: TEST_TIME_MS + MINUTE_MS, toMs: TEST_TIME_MS + DAY_MS },
];

const chargesOf = (choices: readonly ChargeChoice[]) =>
  choices.map(({ quota, amount, limit }) => quotaCharge({ ...QUOTAS[quota], amount, limit }));

const chargeChoice = fc.record({
  quota: fc.nat({ max: 4 }),
  amount: fc.integer({ min: 1, max: 4 }),
  limit: fc.integer({ min: 1, max: 9 }),
});
// Few distinct values, so that keys, requests and counters collide often.
const write: fc.Arbitrary<Write> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      step: fc.constant('admit' as const),
      id: fc.nat({ max: 30 }),
      plan: fc.constantFrom('send' as const, 'send' as const, 'send' as const, 'deny' as const, 'dry_run' as const),
      owner: fc.nat({ max: 1 }),
      key: fc.option(fc.nat({ max: 2 })),
      body: fc.constantFrom(0, 0, 0, 1),
      charges: fc.array(chargeChoice, { maxLength: 4 }),
      leavesOut: fc.boolean(),
      expiresInMs: fc.constantFrom(10, 5000, 45_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      step: fc.constant('settle' as const),
      id: fc.nat({ max: 30 }),
      by: fc.constantFrom<SettledBy>('exchange', 'exchange', 'sweep', 'reconciliation', 'person'),
      ending: fc.constantFrom<Ending>('accepted', 'refused', 'not_sent', 'unknown', 'unknown'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      step: fc.constant('attempt' as const),
      id: fc.nat({ max: 30 }),
      seen: fc.boolean(),
      nextInMs: fc.constantFrom(null, 0, 10),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      step: fc.constant('ack' as const),
      sink: fc.nat({ max: 1 }),
      position: fc.nat({ max: 640 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      step: fc.constant('flood' as const),
      id: fc.nat({ max: 100 }),
      owner: fc.nat({ max: 1 }),
      requests: fc.integer({ min: 15, max: 25 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ step: fc.constant('suppressed' as const), limit: fc.nat({ max: 2 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      step: fc.constant('read' as const),
      id: fc.nat({ max: 9 }),
      reader: fc.nat({ max: 2 }),
      records: fc.nat({ max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ step: fc.constant('reads' as const), limit: fc.nat({ max: 2 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      step: fc.constant('change' as const),
      what: fc.constantFrom(0, 1, 1, 1, 1, 2, 3, 4),
      value: fc.nat({ max: 2 }),
      isFound: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ step: fc.constant('checkpoint' as const), count: fc.nat({ max: 12 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      step: fc.constant('prune' as const),
      sinks: fc.nat({ max: 2 }),
      keepRecordsMs: fc.constantFrom(null, 0, HOUR_MS, 8 * DAY_MS),
    }),
  },
);
const JUMPS_MS = [1000, MINUTE_MS, HOUR_MS, 8 * DAY_MS, 700 * DAY_MS].flatMap((ms) => [ms, -ms]);
const round: fc.Arbitrary<Round> = fc.record({
  writes: fc.array(write, { minLength: 1, maxLength: 4 }),
  advanceMs: fc.constantFrom(0, 1, 10, 5000, 45_000, MINUTE_MS, HOUR_MS, DAY_MS, 8 * DAY_MS),
  jumpMs: fc.option(fc.constantFrom(...JUMPS_MS, -10)),
  witness: fc.option(
    fc.record({
      offMs: fc.constantFrom(0, 0, -900, MINUTE_MS, -MINUTE_MS, -8 * DAY_MS),
      kind: fc.constantFrom('now' as const, 'now' as const, 'at_least' as const),
    }),
  ),
});

async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return { value: await promise };
  } catch {
    return { rejected: true };
  }
}

function reportOf({ what, value, isFound }: Extract<Write, { step: 'change' }>): ChangeReport {
  const document = `{"version":${value}}`;
  const changes: readonly ReportedChange[] = [
    { what: 'service_started', runtime: 'test', settings_sha256: sha256Hex(document) },
    { what: 'policy_taken', to: sha256Hex(document), document },
    { what: 'policy_refused', kept: null, problems: value, text_sha256: sha256Hex(document) },
    { what: 'key_slot_changed', slot: 'next', to: value === 0 ? null : `${value}`.repeat(12) },
    { what: 'service_stopped' },
  ];
  const service = { name: 'galileo-invite-proxy', version: '0.0.0', runtime: 'test', instance: 'test-1' };
  const change = changes[what] ?? ({ what: 'service_stopped' } as const);
  return { change, seen: isFound ? 'found' : 'changed', service };
}

function take(ledger: Ledger, one: Write): Promise<unknown> {
  switch (one.step) {
    case 'admit': {
      const { plan, key, body, expiresInMs } = one;
      const keyed = key === null || plan === 'dry_run' ? {} : { key: `key-${key}`, fingerprint: `body-${body}` };
      return ledger.admit(
        admission(testUuid7(one.id), {
          plan,
          expiresInMs,
          owner: one.owner === 0 ? ANN : BOB,
          charges: chargesOf(one.charges),
          ...(one.leavesOut ? { leavesOutInvitees: true as const } : {}),
          ...keyed,
        }),
      );
    }
    case 'settle': {
      const reply = { status: 200 + one.id, contentType: null, body: one.ending, headers: {} };
      return ledger.settle(settlement(testUuid7(one.id), one.ending, { by: one.by, reply }));
    }
    case 'attempt':
      return ledger.recordAttempt({
        requestId: testUuid7(one.id),
        record: one.seen ? recordDraft('reconciliation', testUuid7(one.id), { result: 'unknown' }) : null,
        nextInMs: one.nextInMs,
      });
    case 'ack':
      return ledger.ack(`sink-${one.sink}`, one.position);
    case 'flood': {
      const ids = Array.from({ length: one.requests }, (_, n) => testUuid7(1000 + 100 * one.id + n));
      const owner = one.owner === 0 ? ANN : BOB;
      return Promise.all(ids.map((id) => outcomeOf(ledger.admit(admission(id, { plan: 'deny', owner })))));
    }
    case 'suppressed':
      return ledger.recordSuppressed(one.limit);
    case 'read': {
      const { reader } = readReport(0);
      const seqs = one.records === 0 ? null : { first: one.id + 1, last: one.id + one.records };
      const subject = `reader-${one.reader}`;
      return ledger.countRead(readReport(one.id, { reader: { ...reader, subject }, records: one.records, seqs }));
    }
    case 'reads':
      return ledger.recordReads(one.limit);
    case 'change':
      return ledger.recordChanges([reportOf(one)]);
    case 'checkpoint':
      return ledger.addCheckpoint(checkpoint(one.count));
    case 'prune':
      return ledger.prune({ sinks: SINKS.slice(0, one.sinks), keepRecordsMs: one.keepRecordsMs });
  }
}

async function observe(ledger: Ledger): Promise<unknown> {
  return {
    all: await ledger.list({ owner: null, before: null, limit: 100 }),
    anns: await ledger.list({ owner: ANN, before: testUuid7(20), limit: 5 }),
    found: await ledger.find(testUuid7(7), BOB),
    usage: await ledger.usage(chargesOf(QUOTAS.map((_, quota) => ({ quota, amount: 1, limit: 9 })))),
    expired: await ledger.expired(3),
    unsettled: await ledger.unsettled(3),
    leased: [await ledger.lease('sink-0', 3), await ledger.lease('sink-1', 100)],
    backlog: await ledger.backlog(SINKS),
    chain: await ledger.chain(),
    checkpoints: await ledger.checkpoints(2, 3),
    searched: await Promise.all(FILTERS.map((filter) => ledger.search({ filter, after: 2, limit: 4 }))),
    trail: await readTrail(ledger),
  };
}

/** Points a step at an id that was used before, an attempt at an unknown one: random ids would mostly match no request. */
function aimed(one: Write, asked: readonly number[], unknown: readonly number[]): Write {
  if (one.step !== 'settle' && one.step !== 'attempt') return one;
  const ids = one.step === 'attempt' && unknown.length > 0 ? unknown : asked;
  return { ...one, id: ids[one.id % ids.length] ?? one.id };
}

async function live(
  rounds: readonly Round[],
  ledger: Ledger & { flush?: () => void },
  clock: FakeClock,
): Promise<unknown[]> {
  const seen: unknown[] = [];
  const asked = new Set<number>();
  const floods = new Set<number>();
  const unknown = new Set<number>();
  for (const { writes, advanceMs, jumpMs, witness } of rounds) {
    if (witness !== null) await ledger.witness({ atMs: clock.now() + witness.offMs, kind: witness.kind });
    // A request id is never admitted twice: that would be a bug of the caller, and it rejects a whole batch.
    const fresh = writes.filter((one) => {
      if (one.step === 'flood') return !floods.has(one.id) && floods.add(one.id);
      return one.step !== 'admit' || (!asked.has(one.id) && asked.add(one.id));
    });
    const all = fresh.map((one) => aimed(one, [...asked], [...unknown]));
    for (const one of all) if (one.step === 'settle' && one.ending === 'unknown') unknown.add(one.id);
    const together = all.map((one) => outcomeOf(take(ledger, one)));
    ledger.flush?.();
    seen.push(await Promise.all(together), await observe(ledger));
    clock.advance(advanceMs);
    clock.jump(jumpMs ?? 0);
  }
  return seen;
}

/** What a verification finds when it compares the tables with the records. */
async function tableFindings(trail: readonly string[], sqlite: SqlitePort) {
  const findings = createFindings();
  const tables = createTableComparison(
    {
      requests: {
        row: async (requestId, owner) => readRequestRow(sqlite, requestId, owner),
        count: async () => countRequests(sqlite),
        listsFurther: async (requestId, seq, kind) => listsFurther(sqlite, requestId, seq, kind),
        strayKeys: async () => countStrayKeys(sqlite),
      },
      cursors: async () => [],
      isClockStep: async (seq) => clockSteps(sqlite, seq - 1, seq, 1).length > 0,
      misplacedCheckpoints: async () => misplacedCheckpoints(sqlite, 10),
      lastChanges: async () => null,
      areIndexesSound: async () => true,
    },
    findings,
  );
  let [last, lastTimeMs] = [0, -Infinity];
  for (const line of trail) {
    const item = readTrailItem(line);
    if (item.kind !== 'record') continue;
    const place = { prefix: 'ledger seq ', at: item.seq };
    if (item.timeMs < lastTimeMs) await tables.stepBack(item.seq, place);
    await tables.record(item, { place, isNewer: false });
    ({ seq: last, timeMs: lastTimeMs } = item);
  }
  const { base_seq: base } = sqlite.run<{ base_seq: number }>('SELECT base_seq FROM head')[0]!;
  const head = { headPlace: 'the head', base, last };
  await tables.end({ place: 'the ledger', ...head, isSeen: () => true, hasNewerLines: false });
  return findings.list();
}

describe('the SQLite ledger and the reference model', () => {
  it('give the same results, states and trails for any sequence of steps', async () => {
    const reached = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 5, maxLength: 30, size: 'max' }), async (rounds) => {
        const clocks = [createFakeClock(), createFakeClock()] as const;
        const database = new DatabaseSync(':memory:');
        const sqlite = createNodeSqlite(database);
        const core = createSqliteLedger({ sqlite, clock: clocks[0], ids: createFakeIds(1_000_000) });
        const batched = createBatchedLedger({
          core,
          sqlite,
          check: () => {},
          defer: () => {},
          monotonic: () => 0,
          onFailure: ({ error }) => expect(error).toBeUndefined(),
        });
        const memory = createMemoryLedger({ clock: clocks[1], ids: createFakeIds(1_000_000) });

        const reported = await live(rounds, batched, clocks[0]);
        expect(reported).toEqual(await live(rounds, memory, clocks[1]));
        const { base, head } = await batched.chain();
        const trail = await readTrail(batched);
        expect(verifyChain(trail, base)).toEqual({ kind: 'intact', head });
        expect(await tableFindings(trail, sqlite)).toEqual([]);
        if (base.seq > 0) reached.add('pruned');
        if (JSON.stringify(reported).includes('["deferred"]')) reached.add('deferred');
        if (JSON.stringify(reported).includes('"uncounted\\":0')) reached.add('suppressed');
        if (JSON.stringify(reported).includes('\\"kind\\":\\"read\\"')) reached.add('read');
        if (JSON.stringify(reported).includes('"attempts":1')) reached.add('attempted');
        for (const kind of JSON.stringify(reported).matchAll(/"value":\{"kind":"(\w+)"/g)) reached.add(kind[1] ?? '');
        database.close();
      }),
      { numRuns: 300 },
    );
    // The test is useful only if the generator reaches every result.
    expect([...reached].toSorted()).toEqual([
      'admitted',
      'attempted',
      'deferred',
      'denied',
      'exhausted',
      'in_flight',
      'invitees_exhausted',
      'key_reused',
      'not_found',
      'previewed',
      'pruned',
      'read',
      'replay',
      'settled',
      'suppressed',
      'unchanged',
    ]);
  });
});
