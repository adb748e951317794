import * as z from 'zod';
import { draftOf } from '../../../audit/chain.ts';
import type { RecordDraft, RequestRecord } from '../../../audit/record.ts';
import { readStoredLine } from '../../../audit/stored-record.ts';
import type { RecordDamage } from '../../../audit/stored-record.ts';
import type { RequestEntry, RequestState, SettledBy, UnreadablePart } from '../../port.ts';
import type { ReportUnreadable } from '../../report-unreadable.ts';
import { unpackDebits } from './debits.ts';
import { recordedState } from './recorded-state.ts';
import type { Debit } from './quota.ts';

/**
 * Reads rows of the table `requests` and the records that they point to. A state that the records refute is reported,
 * and the state is the recorded one. A damaged value is reported and replaced by what is safe, so that it affects only
 * its own request. Invariant: nothing that is read here throws because of its
 * content.
 */
export interface RequestReader {
  /** Null for a record that is damaged, missing, or of another request: a damaged `seq` must not show somebody else's. */
  readDraft(seq: number, requestId: string): RecordDraft | null;
  /** False when the id is damaged: such a request can be neither shown nor used as a cursor. */
  hasReadableId(row: Pick<StoredRow, 'request_id'>): boolean;
  /** `unknown` when the state is damaged: its outcome is, and people may settle it. */
  readState(row: Pick<StoredRow, 'request_id' | 'state'>): RequestState;
  /** Empty when they are damaged: a refund then returns nothing, so the limit is never exceeded. */
  readDebits(row: { readonly debits: string; readonly request_id: string }): readonly Debit[];
  readEntry(row: StoredRow): RequestEntry;
}

export type StoredRow = {
  request_id: string;
  issuer: string;
  client_id: string;
  subject: string;
  state: string;
  admitted_at: number;
  expires_at: number | null;
  settled_at: number | null;
  settled_by: SettledBy | null;
  decided_seq: number;
  outcome_seq: number | null;
};

const STATES: ReadonlySet<string> = new Set<RequestState>([
  'open',
  'accepted',
  'refused',
  'not_sent',
  'unknown',
  'denied',
]);
const REQUEST_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** The last time that a Date can have, in milliseconds since the epoch (ECMA-262). */
const MAX_TIME_MS = 8.64e15;

const storedDebits = z.array(
  z.strictObject({
    quota: z.string(),
    unit: z.enum(['emails', 'requests']),
    counter: z.string(),
    windowMs: z.number(),
    windowEnd: z.number(),
    amount: z.number(),
  }),
);

/** `readLine`: one stored line; null when there is no such record. */
export function createRequestReader(
  readLine: (seq: number) => string | null,
  reportUnreadable: ReportUnreadable,
): RequestReader {
  function readRecord(seq: number, requestId: string): RequestRecord | null {
    const damaged = (reason: RecordDamage): null => {
      reportUnreadable({ part: 'record', seq, reason });
      return null;
    };
    const line = readLine(seq);
    if (line === null) return damaged('missing');
    const read = readStoredLine(line);
    if (read.kind === 'unreadable') return damaged(read.reason);
    const { record } = read;
    return 'request_id' in record && record.request_id === requestId ? record : damaged('other_request');
  }

  function readDraft(seq: number, requestId: string): RecordDraft | null {
    const record = readRecord(seq, requestId);
    return record === null ? null : draftOf(record);
  }

  function hasReadableId({ request_id: id }: Pick<StoredRow, 'request_id'>): boolean {
    const isReadable = REQUEST_ID.test(id);
    if (!isReadable) reportUnreadable({ part: 'request_id', reason: 'other_shape' });
    return isReadable;
  }

  function readState({ state, request_id: requestId }: Pick<StoredRow, 'request_id' | 'state'>): RequestState {
    if (isState(state)) return state;
    reportUnreadable({ part: 'state', reason: 'other_shape', requestId });
    return 'unknown';
  }

  function readEntry(row: StoredRow): RequestEntry {
    const times = [row.admitted_at, row.expires_at, row.settled_at].map(readTime);
    const [admittedAt = null, expiresAt = null, settledAt = null] = times;
    const decision = readRecord(row.decided_seq, row.request_id);
    const decided = decision === null ? null : draftOf(decision);
    const decidedAt = Date.parse(decision?.time ?? '');
    const outcome = row.outcome_seq === null ? null : readDraft(row.outcome_seq, row.request_id);
    const isOutcomeDamaged = outcome === null && row.outcome_seq !== null;
    const stored = readState(row);
    const recorded = isOutcomeDamaged ? null : recordedState(decided, outcome);
    const isRefuted = isState(row.state) && recorded !== null && recorded !== stored;
    if (isRefuted) reportUnreadable({ part: 'state', reason: 'refuted', requestId: row.request_id });
    const unreadable: UnreadablePart[] = [
      ...(decided === null ? (['decision'] as const) : []),
      ...(isOutcomeDamaged ? (['outcome'] as const) : []),
      ...(!isState(row.state) || isRefuted || times.includes(undefined) ? (['state'] as const) : []),
    ];
    return {
      requestId: row.request_id,
      owner: { issuer: row.issuer, clientId: row.client_id, subject: row.subject },
      state: isRefuted ? recorded : stored,
      admittedAt,
      requestedAt: Number.isNaN(decidedAt) ? admittedAt : decidedAt,
      expiresAt,
      settledAt,
      decided,
      outcome,
      unreadable,
    };
  }

  function readDebits({
    debits,
    request_id: requestId,
  }: {
    readonly debits: string;
    readonly request_id: string;
  }): readonly Debit[] {
    try {
      return storedDebits.parse(unpackDebits(debits));
    } catch {
      reportUnreadable({ part: 'debits', reason: 'other_shape', requestId });
      return [];
    }
  }

  return { readDraft, hasReadableId, readState, readDebits, readEntry };
}

function isState(text: string): text is RequestState {
  return STATES.has(text);
}

/** Undefined when it is damaged. */
function readTime(time: number | null): number | null | undefined {
  return time === null || Math.abs(time) <= MAX_TIME_MS ? time : undefined;
}
