import { createFindings } from '../../../audit/verify/findings.ts';
import type { Findings } from '../../../audit/verify/findings.ts';
import { readTrailItem } from '../../../audit/verify/item.ts';
import { isNewer } from '../../../audit/verify/known-form.ts';
import { createTableComparison } from '../../../audit/verify/tables/ledger-tables.ts';
import { createRequestRows } from '../../../audit/verify/tables/request-rows.ts';
import { listsFurther } from '../../../ledger/sqlite/requests/further-records.ts';
import {
  countRequestsAfter,
  readRequestRow,
  unsettledRequests,
} from '../../../ledger/sqlite/requests/request-table.ts';
import type { UnsettledRow } from '../../../ledger/sqlite/requests/request-table.ts';
import type { SqlitePort } from '../../../ledger/sqlite/sqlite-port.ts';
import { misplacedCheckpoints } from '../../../ledger/sqlite/trail/checkpoints.ts';
import { clockSteps, readEnds, readLine, readRecords } from '../../../ledger/sqlite/trail/trail.ts';

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

/** Of each state: older ones first, because they are the ones that are acted on next. */
const MOST_UNSETTLED = 250;
const MOST_CHECKPOINTS = 100;

export async function compareEnd(sqlite: SqlitePort, most: number): Promise<TableCondition> {
  const findings = createFindings();
  const { base, head } = readEnds(sqlite);
  const after = Math.max(base.seq, head.seq - most);
  await compareRecords(sqlite, { after, last: head.seq }, findings);
  const unsettled = unsettledRequests(sqlite, after, MOST_UNSETTLED);
  await compareUnsettled(sqlite, unsettled, findings);
  return {
    records: head.seq - after,
    unsettled: unsettled.length,
    faults: findings.list().map(({ message }) => message),
  };
}

async function compareRecords(
  sqlite: SqlitePort,
  { after, last }: { readonly after: number; readonly last: number },
  findings: Findings,
): Promise<void> {
  const tables = createTableComparison(
    {
      requests: {
        row: async (requestId, owner) => readRequestRow(sqlite, requestId, owner),
        count: async () => countRequestsAfter(sqlite, after),
        listsFurther: async (requestId, seq, kind) => listsFurther(sqlite, requestId, seq, kind),
        strayKeys: async () => 0,
      },
      cursors: async () => [],
      isClockStep: async (seq) => clockSteps(sqlite, seq - 1, seq, 1).length > 0,
      misplacedCheckpoints: async () => misplacedCheckpoints(sqlite, MOST_CHECKPOINTS),
      // `audit verify` compares it: here only the newest records are read.
      lastChanges: async () => null,
      areIndexesSound: async () => true,
    },
    findings,
  );
  let lastTimeMs = -Infinity;
  let hasNewerLines = false;
  for (let cursor = after; cursor < last;) {
    const page = readRecords(sqlite, cursor, last - cursor);
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
  sqlite: SqlitePort,
  unsettled: readonly UnsettledRow[],
  findings: Findings,
): Promise<void> {
  const rows = createRequestRows(
    {
      row: async (requestId, owner) => readRequestRow(sqlite, requestId, owner),
      count: async () => 0,
      listsFurther: async () => null,
      strayKeys: async () => 0,
    },
    findings,
  );
  for (const { requestId, decidedSeq, outcomeSeq } of unsettled) {
    for (const seq of [decidedSeq, ...(outcomeSeq === null ? [] : [outcomeSeq])]) {
      const line = readLine(sqlite, seq);
      const item = line === null ? null : readTrailItem(line);
      const place = { prefix: 'ledger seq ', at: seq };
      if (item?.kind === 'record' && item.request?.id === requestId)
        await rows.record(item, { place, isNewer: isNewer(line ?? '') });
      else findings.add({ kind: 'request_refuted', seq, place });
    }
  }
  await rows.end({ place: 'the ledger', isHole: () => false, hasNewerLines: false });
}
