import { createFindings } from '../findings.ts';
import type { Findings } from '../findings.ts';
import { readTrailItem } from '../item.ts';
import { isNewer } from '../known-form.ts';
import { createTableComparison } from './ledger-tables.ts';
import type { LedgerTables } from './ledger-tables.ts';
import { createRequestRows } from './request-rows.ts';

/**
 * Compares a bounded part of a ledger's tables with its records, for a quick inspection: the requests of the last
 * records, and requests without an outcome, which the service still acts on. It does not read the rest, and does not
 * check indexes; `audit verify` does. The caller runs it in one transaction, and only on a trail whose end verifies.
 */
export interface TableCondition {
  /** How many records at the end were compared with the tables. */
  readonly records: number;
  /** How many earlier requests without an outcome were compared with their records. */
  readonly unsettled: number;
  /** A sentence for each row that says something else than the records; a bounded number. */
  readonly faults: readonly string[];
}

export interface UnsettledRow {
  readonly requestId: string;
  readonly decidedSeq: number;
  readonly outcomeSeq: number | null;
}

/** What is read of a ledger. */
export interface LedgerEnd extends Pick<LedgerTables, 'isClockStep'> {
  ends(): Promise<{ readonly base: { readonly seq: number }; readonly head: { readonly seq: number } }>;
  /** The records behind `after`, in order; at most `limit`, and at least one where there is one. */
  records(after: number, limit: number): Promise<readonly { readonly seq: number; readonly line: string }[]>;
  line(seq: number): Promise<string | null>;
  readonly requests: Pick<LedgerTables['requests'], 'row' | 'listsFurther'>;
  /** The number of requests that records behind `after` decided. */
  countRequestsAfter(after: number): Promise<number>;
  misplacedCheckpoints(limit: number): Promise<readonly number[]>;
  /** Open and unknown requests that a record up to `decidedUpTo` decided, the oldest of each state. */
  unsettled(decidedUpTo: number, limitOfEach: number): Promise<readonly UnsettledRow[]>;
}

/** Of each state: older ones first, because they are the ones that are acted on next. */
const MOST_UNSETTLED = 250;
const MOST_CHECKPOINTS = 100;

/** `most`: how many records are compared. */
export async function compareEnd(ledger: LedgerEnd, most: number): Promise<TableCondition> {
  const findings = createFindings();
  const { base, head } = await ledger.ends();
  const after = Math.max(base.seq, head.seq - most);
  await compareRecords(ledger, { after, last: head.seq }, findings);
  const unsettled = await ledger.unsettled(after, MOST_UNSETTLED);
  await compareUnsettled(ledger, unsettled, findings);
  return {
    records: head.seq - after,
    unsettled: unsettled.length,
    faults: findings.list().map(({ message }) => message),
  };
}

async function compareRecords(
  ledger: LedgerEnd,
  { after, last }: { readonly after: number; readonly last: number },
  findings: Findings,
): Promise<void> {
  const tables = createTableComparison(
    {
      requests: {
        ...ledger.requests,
        count: () => ledger.countRequestsAfter(after),
        strayKeys: async () => 0,
      },
      cursors: async () => [],
      isClockStep: ledger.isClockStep,
      misplacedCheckpoints: () => ledger.misplacedCheckpoints(MOST_CHECKPOINTS),
      // `audit verify` compares it: here only the newest records are read.
      lastChanges: async () => null,
      areIndexesSound: async () => true,
    },
    findings,
  );
  let lastTimeMs = -Infinity;
  let hasNewerLines = false;
  for (let cursor = after; cursor < last;) {
    const page = await ledger.records(cursor, last - cursor);
    for (const { seq, line } of page) {
      const item = readTrailItem(line);
      if (item.kind !== 'record') continue;
      const place = { prefix: 'ledger seq ', at: seq };
      const isNew = isNewer(line);
      hasNewerLines ||= isNew;
      if (item.timeMs < lastTimeMs) await tables.stepBack(seq, place);
      lastTimeMs = item.timeMs;
      await tables.record(item, { place, isNewer: isNew });
    }
    cursor = page.at(-1)?.seq ?? last;
  }
  await tables.end({
    place: 'the ledger',
    headPlace: 'the head',
    base: after,
    last,
    isSeen: () => true,
    hasNewerLines,
  });
}

async function compareUnsettled(
  ledger: LedgerEnd,
  unsettled: readonly UnsettledRow[],
  findings: Findings,
): Promise<void> {
  const rows = createRequestRows(
    {
      row: ledger.requests.row,
      count: async () => 0,
      listsFurther: async () => null,
      strayKeys: async () => 0,
    },
    findings,
  );
  for (const { requestId, decidedSeq, outcomeSeq } of unsettled) {
    for (const seq of [decidedSeq, ...(outcomeSeq === null ? [] : [outcomeSeq])]) {
      const line = await ledger.line(seq);
      const item = line === null ? null : readTrailItem(line);
      const place = { prefix: 'ledger seq ', at: seq };
      if (item?.kind === 'record' && item.request?.id === requestId)
        await rows.record(item, { place, isNewer: isNewer(line ?? '') });
      else findings.add({ kind: 'request_refuted', seq, place });
    }
  }
  await rows.end({ place: 'the ledger', isHole: () => false, hasNewerLines: false });
}
