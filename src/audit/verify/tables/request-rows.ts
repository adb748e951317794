import type { Findings, NewFinding, Place } from '../findings.ts';
import type { RecordItem, RequestFacts } from '../item.ts';

/**
 * Compares the ledger's tables of requests and of idempotency keys with the records. The hash chain does not cover
 * them, and the service answers from them: what became of a request, whom it belongs to, what a repeat of its key gets.
 * Each decision record must have its row, each row its decision record, and the row must say what its last outcome record
 * says. Keeps only the requests whose outcome record comes later in the trail. What the records do not hold is not
 * compared: times of the ledger's clock, bodies of stored answers, debits.
 */
export interface RequestRow {
  readonly state: string;
  readonly decidedSeq: number;
  readonly outcomeSeq: number | null;
  readonly owner: RequestFacts['owner'];
  readonly settledBy: string | null;
  /** Milliseconds since the epoch, the ledger's clock. */
  readonly expiresAt: number | null;
  /** The request is open, and no sweep would find it. */
  readonly isOutOfReach?: boolean;
  /** Of the body that is kept until the outcome is known; null when none is kept. */
  readonly bodySha256: string | null;
  readonly hasKey: boolean;
  /** The request's key in the table of keys; null when it is not there. */
  readonly key: StoredKey | null;
}

/** The stored answer of a key, as far as a record proves it. */
export interface StoredKey {
  readonly reply: { readonly status: number } | 'none' | 'unreadable';
}

export interface RequestTable {
  /** Null when there is none. `owner`: whose it is by its record; the row may name another one. */
  row(requestId: string, owner: RequestFacts['owner']): Promise<RequestRow | null>;
  /** The number of rows. */
  count(): Promise<number>;
  /** Whether the record is in the list of further records of this request. Null: there is no list. */
  listsFurther(requestId: string, seq: number, kind: 'replay' | 'other'): Promise<boolean | null>;
  /** The number of idempotency keys that belong to no request. */
  strayKeys(): Promise<number>;
}

export interface RequestRows {
  record(record: RecordItem, at: { readonly place: Place; readonly isNewer: boolean }): Promise<void>;
  end(facts: RowFacts): Promise<void>;
}

export interface RowFacts {
  readonly place: string;
  /** The record is missing or damaged, so another finding explains what is unclear without it. */
  readonly isHole: (seq: number) => boolean;
  /**
   * A part of the trail is newer than this program, and may mean something else for the requests that it names. These are
   * not compared, and rows and keys are not counted.
   */
  readonly hasNewerLines: boolean;
}

/** The state of a request that has a decision record and no outcome record. */
const STATE_AFTER: Readonly<Record<string, string>> = { intent: 'open', denial: 'denied' };

interface Fault {
  readonly finding: NewFinding;
  readonly requestId: string;
}

export function createRequestRows(table: RequestTable, findings: Findings): RequestRows {
  /** By the seq of an outcome record that a row names: the decision record of that row. */
  const awaited = new Map<number, { readonly requestId: string; readonly decidedSeq: number; readonly place: Place }>();
  /** Adjacent findings of one kind are one in the end. Of a table that is all wrong, each row is counted. */
  const faults: Fault[] = [];
  /** Faults that another one of the same request may explain: of its key, and of its list of further records. */
  const consequences: Fault[] = [];
  /** Open requests that no sweep would find, unless a record says that they have ended: that is another fault. */
  const outOfReach = new Map<string, { readonly seq: number; readonly place: Place }>();
  const newer = new Set<string>();
  let decisions = 0;

  type Kind = 'request_missing' | 'request_refuted' | 'story_incomplete' | 'key_refuted';

  function report(kind: Kind, id: string, seq: number, place: Place): void {
    const list = kind === 'key_refuted' || kind === 'story_incomplete' ? consequences : faults;
    list.push({ finding: { kind, seq, place }, requestId: id });
  }

  async function onDecision(seq: number, facts: RequestFacts, place: Place): Promise<void> {
    decisions += 1;
    const { id } = facts;
    const row = await table.row(id, facts.owner);
    if (row === null) return report('request_missing', id, seq, place);
    if (!isAsDecided(row, seq, facts)) return report('request_refuted', id, seq, place);
    if (!isKeyAsNeeded(row)) report('key_refuted', id, seq, place);
    if (row.outcomeSeq === null) {
      if (row.state !== STATE_AFTER[facts.kind] || row.settledBy !== null) report('request_refuted', id, seq, place);
      else if (row.isOutOfReach === true) outOfReach.set(id, { seq, place });
    } else if (facts.kind === 'denial' || row.outcomeSeq <= seq || awaited.has(row.outcomeSeq)) {
      report('request_refuted', id, seq, place);
    } else {
      awaited.set(row.outcomeSeq, { requestId: id, decidedSeq: seq, place });
    }
  }

  async function onSettlement(seq: number, facts: RequestFacts, place: Place): Promise<void> {
    outOfReach.delete(facts.id);
    const { id, owner } = facts;
    const row = await table.row(id, owner);
    // Retention drops the row with its decision record, and the outcome record may be later. Else it is reported there.
    if (row === null) return;
    if (row.outcomeSeq === null || row.outcomeSeq < seq) return report('request_refuted', id, seq, place);
    if (row.outcomeSeq > seq) return await onFurther(seq, { id, owner, kind: 'other' }, place);
    awaited.delete(seq);
    if (row.state !== facts.result || (facts.settledBy !== null && row.settledBy !== facts.settledBy))
      return report('request_refuted', id, seq, place);
    if (!isReplyAsAnswered(row, facts)) report('key_refuted', id, seq, place);
  }

  /** A record that the request's row does not name. */
  async function onFurther(
    seq: number,
    {
      id,
      owner,
      kind,
    }: { readonly id: string; readonly owner: RequestFacts['owner']; readonly kind: 'replay' | 'other' },
    place: Place,
  ): Promise<void> {
    // Retention drops the list with the request.
    if ((await table.row(id, owner)) === null) return;
    if ((await table.listsFurther(id, seq, kind)) === false) report('story_incomplete', id, seq, place);
  }

  return {
    async record({ seq, request }, { place, isNewer }) {
      if (request === null) return;
      if (isNewer) newer.add(request.id);
      if (Object.hasOwn(STATE_AFTER, request.kind)) await onDecision(seq, request, place);
      else if (isSettlement(request)) await onSettlement(seq, request, place);
      else if (request.kind === 'reconciliation')
        await onFurther(seq, { id: request.id, owner: request.owner, kind: 'other' }, place);
      else if (request.kind === 'replay' && request.firstRequestId !== null)
        await onFurther(seq, { id: request.firstRequestId, owner: request.owner, kind: 'replay' }, place);
    },
    async end({ place, isHole, hasNewerLines }) {
      for (const [seq, { requestId, decidedSeq, place: decidedAt }] of awaited) {
        if (!isHole(seq)) report('request_refuted', requestId, decidedSeq, decidedAt);
      }
      for (const [id, { seq, place: decidedAt }] of outOfReach) report('request_refuted', id, seq, decidedAt);
      addAll(faults);
      if (findings.total === 0) addAll(consequences);
      // Another fault explains a row without a readable decision record, and a key without a request.
      if (findings.total > 0 || hasNewerLines) return;
      const foreign = (await table.count()) - decisions;
      if (foreign > 0) findings.add({ kind: 'request_unrecorded', seq: null, place, against: String(foreign) });
      const keys = await table.strayKeys();
      if (keys > 0) findings.add({ kind: 'key_unrecorded', seq: null, place, against: String(keys) });
    },
  };

  function addAll(list: readonly Fault[]): void {
    const known = list.filter(({ requestId }) => !newer.has(requestId)).map(({ finding }) => finding);
    for (const finding of known.toSorted((a, b) => (a.seq ?? 0) - (b.seq ?? 0))) findings.add(finding);
  }
}

/** A reconciliation that found nothing out left the request as it was. */
function isSettlement({ kind, result }: RequestFacts): boolean {
  return kind === 'outcome' || (kind === 'reconciliation' && result !== 'unknown');
}

function isAsDecided(row: RequestRow, seq: number, facts: RequestFacts): boolean {
  // Only an admission binds its key.
  const hasKey = facts.kind === 'intent' && facts.hasKey;
  return (
    row.decidedSeq === seq &&
    isOwner(row.owner, facts.owner) &&
    row.hasKey === hasKey &&
    isDueInTime(row, facts) &&
    (row.bodySha256 === null || facts.requestSha256 === null || row.bodySha256 === facts.requestSha256)
  );
}

/** A correction of the ledger's clock makes an intent end earlier, never later. */
function isDueInTime({ expiresAt }: RequestRow, { kind, expiresAtMs }: RequestFacts): boolean {
  return kind !== 'intent' || expiresAtMs === null || (expiresAt !== null && expiresAt <= expiresAtMs);
}

/** An open or unknown request holds its key, or a repeat would be sent again; an open one has no answer yet. */
function isKeyAsNeeded({ state, hasKey, key }: RequestRow): boolean {
  if (key === null) return !hasKey || (state !== 'open' && state !== 'unknown');
  return key.reply !== 'unreadable' && (key.reply === 'none') === (state === 'open');
}

function isReplyAsAnswered({ key }: RequestRow, { status }: RequestFacts): boolean {
  return key === null || typeof key.reply === 'string' || status === null || key.reply.status === status;
}

function isOwner(row: RequestFacts['owner'], recorded: RequestFacts['owner']): boolean {
  return row.issuer === recorded.issuer && row.clientId === recorded.clientId && row.subject === recorded.subject;
}
