import { MAX_LISTED_FINDINGS } from './findings.ts';
import type { FindingKind, Findings, NewFinding, Place } from './findings.ts';
import type { RecordItem, RequestFacts } from './item.ts';

/**
 * Compares the ledger's table of requests with the records. The hash chain does not cover the table, and the service
 * answers from it: what became of a request, whom it belongs to, and whether it has an idempotency key. Each decision
 * record must have its row, each row its decision record, and the state must be that of the last outcome record. Keeps
 * only the requests whose outcome record comes later in the trail. What the records do not hold is not compared:
 * times, stored answers, quota counters.
 */
export interface RequestRow {
  readonly state: string;
  readonly decidedSeq: number;
  readonly outcomeSeq: number | null;
  readonly owner: RequestFacts['owner'];
  readonly hasKey: boolean;
}

export interface RequestTable {
  /** Null when there is none. */
  row(requestId: string): Promise<RequestRow | null>;
  /** The number of rows. */
  count(): Promise<number>;
  /** The number of idempotency keys that fit no request, and of open or unknown requests whose key is gone. */
  misfitKeys(): Promise<number>;
}

export interface RequestRows {
  record(record: RecordItem, place: Place): Promise<void>;
  /** Adds the findings. Not called when a part of the trail is newer than this program: its meaning is not known. */
  end(place: string): Promise<void>;
}

/** The state of a request that has a decision record and no outcome record. */
const STATE_AFTER: Readonly<Record<string, string>> = { intent: 'open', denial: 'denied' };

export function createRequestRows(table: RequestTable, findings: Findings): RequestRows {
  /** By the seq of an outcome record that a row names: the decision record of that row. */
  const awaited = new Map<number, { readonly decidedSeq: number; readonly place: Place }>();
  /** Adjacent findings of one kind are one in the end. */
  const found: NewFinding[] = [];
  let decisions = 0;

  function report(kind: FindingKind, seq: number, place: Place): void {
    if (found.length < MAX_LISTED_FINDINGS) found.push({ kind, seq, place });
  }
  const refute = (seq: number, place: Place): void => report('request_refuted', seq, place);

  async function onDecision(seq: number, facts: RequestFacts, place: Place): Promise<void> {
    decisions += 1;
    const row = await table.row(facts.id);
    if (row === null) return report('request_missing', seq, place);
    // Only an admission binds its key.
    const hasKey = facts.kind === 'intent' && facts.hasKey;
    const isSame = row.decidedSeq === seq && isOwner(row.owner, facts.owner) && row.hasKey === hasKey;
    if (!isSame) return refute(seq, place);
    if (row.outcomeSeq === null) {
      if (row.state !== STATE_AFTER[facts.kind]) refute(seq, place);
    } else if (facts.kind === 'denial' || row.outcomeSeq <= seq || awaited.has(row.outcomeSeq)) {
      refute(seq, place);
    } else {
      awaited.set(row.outcomeSeq, { decidedSeq: seq, place });
    }
  }

  async function onSettlement(seq: number, facts: RequestFacts, place: Place): Promise<void> {
    const row = await table.row(facts.id);
    // Retention drops the row with its decision record, and the outcome record may be later. Else it is reported there.
    if (row === null) return;
    if (row.outcomeSeq === null || row.outcomeSeq < seq) return refute(seq, place);
    if (row.outcomeSeq > seq) return;
    awaited.delete(seq);
    if (row.state !== facts.result) refute(seq, place);
  }

  return {
    async record({ seq, request }, place) {
      if (request === null) return;
      if (Object.hasOwn(STATE_AFTER, request.kind)) await onDecision(seq, request, place);
      else if (isSettlement(request)) await onSettlement(seq, request, place);
    },
    async end(place) {
      for (const { decidedSeq, place: decidedAt } of awaited.values()) refute(decidedSeq, decidedAt);
      for (const finding of found.toSorted((a, b) => (a.seq ?? 0) - (b.seq ?? 0))) findings.add(finding);
      // Another fault explains a row without a readable decision record, and a key that does not fit.
      if (findings.total > 0) return;
      const foreign = (await table.count()) - decisions;
      if (foreign > 0) {
        findings.add({ kind: 'request_unrecorded', seq: null, place, against: String(foreign) });
      }
      const keys = await table.misfitKeys();
      if (keys > 0) findings.add({ kind: 'key_refuted', seq: null, place, against: String(keys) });
    },
  };
}

/** A reconciliation that found nothing out left the request as it was. */
function isSettlement({ kind, result }: RequestFacts): boolean {
  return kind === 'outcome' || (kind === 'reconciliation' && result !== 'unknown');
}

function isOwner(row: RequestFacts['owner'], recorded: RequestFacts['owner']): boolean {
  return row.issuer === recorded.issuer && row.clientId === recorded.clientId && row.subject === recorded.subject;
}
