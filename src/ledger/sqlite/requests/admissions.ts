import type { RecordDraft } from '../../../audit/record.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Sha256 } from '../../../ports/sha256.ts';
import type { Admission, Admitted, QuotaState } from '../../port.ts';
import {
  denialRecord,
  dryRunRecord,
  exhaustedRecord,
  intentRecord,
  replayRecord,
} from '../../records/record-annotations.ts';
import type { Suppressions } from '../suppressions.ts';
import type { Journal } from '../trail/journal.ts';
import type { NoteFurther } from './further-records.ts';
import { keyScope } from './idempotency.ts';
import type { IdempotencyKeys, KeyLookup } from './idempotency.ts';
import type { Owners } from './owners.ts';
import type { QuotaCounters, Tally } from './quota.ts';
import { recallAdmission } from './recall-admission.ts';
import type { Requests } from './requests.ts';

/**
 * Admits requests: looks up the key, debits the quotas, and writes the intent or the denial with the row of the request.
 * Decides from reads, then writes. Runs inside a batch of the journal, and therefore in its transaction.
 */
export interface Admissions {
  admit(admission: Admission): Admitted;
}

export interface AdmissionsDeps {
  /** The machine's. */
  readonly clock: Clock;
  readonly journal: Pick<Journal, 'now' | 'append'>;
  readonly quotas: Pick<QuotaCounters, 'tally'>;
  readonly keys: Pick<IdempotencyKeys, 'lookup' | 'bind'>;
  readonly owners: Pick<Owners, 'numberOf'>;
  readonly requests: Pick<Requests, 'get' | 'insert'>;
  readonly suppressions: Pick<Suppressions, 'isWhole'>;
  readonly noteFurther: NoteFurther;
  /** Of the newest records, the one that decided this request; null when there is none. */
  readonly findDeciding: (requestId: string) => RecordDraft | null;
  readonly sha256: Sha256;
}

/** A request in flight can end at any moment, so a retry before its deadline makes sense. */
const LONGEST_RETRY_AFTER_S = 5;

export function createAdmissions({
  clock,
  journal,
  quotas,
  keys,
  owners,
  requests,
  suppressions,
  noteFurther,
  findDeciding,
  sha256,
}: AdmissionsDeps): Admissions {
  function admit(admission: Admission): Admitted {
    const now = journal.now();
    return (admission.repeated === true ? recall(admission, now) : null) ?? decide(admission, now);
  }

  function recall(admission: Admission, now: number): Admitted | null {
    return recallAdmission(admission, {
      findDeciding,
      tally: () => quotas.tally(admission.charges, now),
      openUntil: (requestId) => {
        const row = requests.get(requestId, admission.owner);
        return row?.state === 'open' ? row.expiresAt : null;
      },
      lookUpKey: () => lookUpKey(admission, keyScope(admission, sha256), now),
    });
  }

  function lookUpKey({ idempotency }: Admission, scope: string | null, now: number): KeyLookup | null {
    return scope === null ? null : keys.lookup(scope, idempotency?.fingerprint ?? '', now);
  }

  function decide(admission: Admission, now: number): Admitted {
    const scope = keyScope(admission, sha256);
    const known = lookUpKey(admission, scope, now);
    if (known !== null) return answerKnown(known, admission, now);
    const tally = quotas.tally(admission.charges, now);
    switch (admission.plan) {
      case 'deny':
        tally.debitAttempt();
        recordDenial(admission, denialRecord(admission.records), now);
        return { kind: 'denied', quotas: tally.states() };
      case 'dry_run':
        return preview(admission, tally, now);
      case 'send':
        return admitToSend(admission, { tally, scope, now });
    }
  }

  function answerKnown(known: KeyLookup, admission: Admission, now: number): Admitted {
    if (known.kind === 'key_reused' || known.kind === 'reply_unreadable') return known;
    if (known.kind === 'in_flight') {
      const expiresAt = requests.get(known.firstRequestId, admission.owner)?.expiresAt ?? now;
      return { ...known, retryAfterS: Math.min(wholeSeconds(expiresAt - now), LONGEST_RETRY_AFTER_S) };
    }
    const replay = replayRecord(admission.records, known.firstRequestId, known.reply);
    if (replay !== null && isWhole(admission, replay, now))
      noteFurther(known.firstRequestId, journal.append(replay), 'replay');
    return known;
  }

  function admitToSend(
    admission: Admission,
    { tally, scope, now }: { tally: Tally; scope: string | null; now: number },
  ): Admitted {
    const exceeded = tally.exceeded();
    const invitees = exceeded === null ? [] : tally.shortInvitees();
    if (admission.leavesOutInvitees === true && invitees.length > 0) return { kind: 'invitees_exhausted', invitees };
    tally.debitAttempt();
    if (exceeded !== null) {
      const denial = exhaustedRecord(admission.records, exceeded.quota);
      if (denial !== null) recordDenial(admission, denial, now);
      return { ...exhaustedBy(exceeded, tally), ...(invitees.length === 0 ? {} : { invitees }) };
    }
    const debits = tally.debitAdmission();
    const expiresAt = now + admission.expiresInMs;
    const { requestId } = admission;
    const owner = owners.numberOf(admission.owner);
    const decidedSeq = journal.append(intentRecord(admission.records, expiresAt), { owner, requestId });
    requests.insert({
      admission,
      owner,
      state: 'open',
      admittedAt: now,
      expiresAt,
      decidedSeq,
      keyScope: scope,
      debits,
    });
    if (scope !== null)
      keys.bind(scope, { requestId, fingerprint: admission.idempotency?.fingerprint ?? '', seq: decidedSeq });
    return { kind: 'admitted', expiresAt, quotas: tally.states() };
  }

  function preview(admission: Admission, tally: Tally, now: number): Admitted {
    const exceeded = tally.exceeded();
    if (exceeded !== null) return exhaustedBy(exceeded, tally);
    tally.debitAttempt();
    tally.debitAdmission();
    const record = dryRunRecord(admission.records);
    if (isWhole(admission, record, now)) journal.append(record);
    return { kind: 'previewed' };
  }

  /** Whether the record is written; else it is only counted. */
  function isWhole({ owner }: Admission, draft: RecordDraft, now: number): boolean {
    return suppressions.isWhole(owner, draft, { now, machineMs: Math.trunc(clock.now()) });
  }

  function recordDenial(admission: Admission, denial: RecordDraft, now: number): void {
    if (!isWhole(admission, denial, now)) return;
    const owner = owners.numberOf(admission.owner);
    const decidedSeq = journal.append(denial, { owner, requestId: admission.requestId });
    requests.insert({
      admission,
      owner,
      state: 'denied',
      admittedAt: now,
      expiresAt: null,
      decidedSeq,
      keyScope: null,
      debits: [],
    });
  }

  return { admit };
}

function exhaustedBy(exhausted: QuotaState, tally: Tally): Extract<Admitted, { kind: 'exhausted' }> {
  return { kind: 'exhausted', exhausted, retryAfterS: wholeSeconds(exhausted.resetMs), quotas: tally.states() };
}

/** Rounded up, at least 1: a Retry-After of 0 would cause a retry storm. */
function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}
