import type { RecordDraft } from '../../../audit/record.ts';
import type { ReconcileAttempt } from '../../background-steps.ts';
import type { Ending, Owner, Settled, Settlement } from '../../port.ts';
import type { Journal } from '../trail/journal.ts';
import type { NoteFurther } from './further-records.ts';
import type { IdempotencyKeys } from './idempotency.ts';
import { maySettle } from './may-settle.ts';
import type { QuotaCounters } from './quota.ts';
import type { Requests } from './requests.ts';

/**
 * Ends admitted requests: the outcome record, the row of the request, its key and its refund. Every function runs inside a
 * batch of the journal, and therefore in its transaction.
 */
export interface Settlements {
  settle(settlement: Settlement): Settled;
  recordAttempt(attempt: ReconcileAttempt): void;
}

export interface SettlementsDeps {
  readonly journal: Pick<Journal, 'now' | 'append' | 'nextSeq'>;
  readonly quotas: Pick<QuotaCounters, 'refund'>;
  readonly keys: Pick<IdempotencyKeys, 'settle'>;
  readonly requests: Pick<Requests, 'get' | 'settle' | 'settleOpen' | 'recordAttempt'>;
  readonly noteFurther: NoteFurther;
}

/** Whether an ending refunds the `emails` units. `requests` units are never refunded. */
const REFUNDED = { accepted: false, refused: true, not_sent: true, unknown: false } as const satisfies Record<
  Ending,
  boolean
>;

export function createSettlements({ journal, quotas, keys, requests, noteFurther }: SettlementsDeps): Settlements {
  function settle(settlement: Settlement): Settled {
    const { requestId, by, ending, reply, record } = settlement;
    const now = journal.now();
    if (settleOpen(settlement, now)) return { kind: 'settled' };
    const row = requests.get(requestId, ownerInRecord(record));
    if (row === null) return { kind: 'not_found' };
    if (!maySettle(row, by, now)) return { kind: 'unchanged', state: row.state };
    const outcomeSeq = journal.append(record);
    if (REFUNDED[ending]) quotas.refund(row.debits());
    if (row.keyScope !== null) keys.settle(row.keyScope, { requestId, seq: row.decidedSeq, ending, reply, now });
    requests.settle(row, { ending, by, at: now, outcomeSeq, isFirst: row.state === 'open' });
    return { kind: 'settled' };
  }

  /** The usual settlement reads nothing before it writes. False when it is another one, and then nothing has changed. */
  function settleOpen({ requestId, by, ending, reply, record }: Settlement, now: number): boolean {
    if (by !== 'exchange' || REFUNDED[ending]) return false;
    const outcome = { ending, by, at: now, outcomeSeq: journal.nextSeq() };
    const row = requests.settleOpen(requestId, ownerInRecord(record), outcome);
    if (row === null) return false;
    journal.append(record);
    if (row.keyScope !== null) keys.settle(row.keyScope, { requestId, seq: row.decidedSeq, ending, reply, now });
    return true;
  }

  function recordAttempt({ requestId, record, nextInMs }: ReconcileAttempt): void {
    const now = journal.now();
    const row = requests.get(requestId, record === null ? null : ownerInRecord(record));
    if (row === null || row.nextAttemptAt === null || row.nextAttemptAt > now) return;
    // The outcome record does not change: the evidence is a record of its own.
    if (record !== null) noteFurther(requestId, journal.append(record), 'other');
    requests.recordAttempt(row, { at: nextInMs === null ? null : now + nextInMs, counted: record !== null });
  }

  return { settle, recordAttempt };
}

/** The records of a request name the caller that it belongs to. */
function ownerInRecord({ actor }: RecordDraft): Owner {
  return { issuer: actor.issuer_url, clientId: actor.client_id, subject: actor.subject };
}
