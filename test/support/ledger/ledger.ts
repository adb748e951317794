import type {
  AnyDraft,
  ReadDraft,
  ChangeDraft,
  RecordChange,
  RecordDraft,
  RecordKind,
  RecordOutcome,
  RequestRecordKind,
  SuppressedDraft,
} from '../../../src/audit/record.ts';
import type { Retention } from '../../../src/ledger/background-steps.ts';
import { countRead } from '../../../src/ledger/records/read-count.ts';
import type { ReadReport } from '../../../src/ledger/records/read-count.ts';
import type {
  Admission,
  AdmissionRecords,
  Ending,
  Ledger,
  Owner,
  Settlement,
  StoredReply,
} from '../../../src/ledger/port.ts';
import { sha256Hex } from '../../../src/lib/sha256.ts';
import type { QuotaCharge } from '../../../src/policy/decision.ts';
import { TEST_TIME_MS, testUuid7 } from '../clock.ts';
import type { FakeClock } from '../clock.ts';

/** Test data for ledgers: complete, realistic, and different only where a test overrides it. */

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

export const ANN: Owner = { issuer: 'https://id.example.com/', clientId: 'hr-portal', subject: 'ann' };
export const BOB: Owner = { issuer: 'https://id.example.com/', clientId: 'hr-portal', subject: 'bob' };

export const CREATED: StoredReply = {
  status: 200,
  contentType: 'application/json',
  body: '{"message":"ok"}',
  headers: {},
};

const RESULT: Record<RequestRecordKind, RecordOutcome['result']> = {
  denial: 'denied',
  intent: 'admitted',
  outcome: 'accepted',
  replay: 'replayed',
  dry_run: 'previewed',
  reconciliation: 'accepted',
};

export function recordDraft(
  kind: RequestRecordKind,
  requestId: string,
  outcome: Partial<RecordOutcome> = {},
): RecordDraft {
  return {
    kind,
    request_id: requestId,
    actor: {
      issuer: 'corp',
      issuer_url: 'https://id.example.com/',
      subject: 'ann',
      client_id: 'hr-portal',
      kind: 'user',
    },
    source: { address: '192.0.2.7' },
    request: {
      method: 'POST',
      path: '/v2/invite_users',
      emails: ['new.colleague@acme.com'],
      email_count: 1,
      auth_method: 'okta',
      role: 'user',
      group_ids: [],
      send_email: true,
    },
    policy: {
      digest: 'ab'.repeat(32),
      verdict: kind === 'denial' ? 'deny' : 'allow',
      decisions: [
        { decision: 'allow', rule: 'hr-staff', because: [], emails: ['new.colleague@acme.com'], email_count: 1 },
      ],
      forced: [],
    },
    outcome: { result: RESULT[kind], ...outcome },
    service: { name: 'galileo-invite-proxy', version: '0.0.0', runtime: 'test', instance: 'test-1' },
  };
}

/** Two denials and a replay of ann's that were only counted. */
export function suppressedDraft(): SuppressedDraft {
  const { actor, request, policy, service } = recordDraft('denial', testUuid7(1));
  return {
    kind: 'suppressed',
    actor,
    request: { method: request.method, path: request.path },
    policy: { digest: policy.digest },
    outcome: { result: 'suppressed' },
    suppressed: {
      count: 3,
      from: '2026-03-02T10:00:01.000Z',
      to: '2026-03-02T10:00:59.000Z',
      first_request_id: testUuid7(1),
      last_request_id: testUuid7(3),
      counts: [
        { result: 'denied', code: 'policy_denied', rule: 'never-invite', count: 2 },
        { result: 'replayed', count: 1 },
      ],
      uncounted: 0,
    },
    service,
  };
}

/** A draft of any kind. */
/** The policy that test records name was taken. */
export function changeDraft(
  change: RecordChange = { what: 'policy_taken', from: null, to: 'ab'.repeat(32) },
): ChangeDraft {
  const { service } = recordDraft('denial', testUuid7(1));
  return { kind: 'change', change, service };
}

/** A reader's read of the trail with an empty answer; `n` tells reads apart. */
export function readReport(n: number, changes: Partial<ReadReport> = {}): ReadReport {
  const { service } = recordDraft('denial', testUuid7(1));
  const reader = {
    ...{ issuer: 'corp', issuer_url: 'https://login.example.com' },
    ...{ subject: 'kim', client_id: 'audit-desk', kind: 'user' as const },
  };
  return {
    ...{ requestId: testUuid7(700_000 + n), reader, what: 'trail', records: 0, seqs: null, filters: [], service },
    ...changes,
  };
}

export function readDraft(): ReadDraft {
  return countRead(null, readReport(1), { machineMs: TEST_TIME_MS, isNamed: true }).draft;
}

/** A draft of any kind; `outcome` is of a record about one request. */
export function draftOfKind(kind: RecordKind, requestId: string, outcome?: Partial<RecordOutcome>): AnyDraft {
  if (kind === 'change') return changeDraft();
  if (kind === 'read') return readDraft();
  return kind === 'suppressed' ? suppressedDraft() : recordDraft(kind, requestId, outcome);
}

export function quotaCharge(changes: Partial<QuotaCharge> = {}): QuotaCharge {
  return {
    quota: 'app-day',
    unit: 'emails',
    counter: 'corp:hr-portal',
    windowMs: DAY_MS,
    limit: 10,
    amount: 1,
    visible: true,
    ...changes,
  };
}

/** At most 20 requests a minute and subject. */
export function requestsCharge(changes: Partial<QuotaCharge> = {}): QuotaCharge {
  return quotaCharge({
    quota: 'burst',
    unit: 'requests',
    counter: 'corp:ann',
    windowMs: MINUTE_MS,
    limit: 20,
    ...changes,
  });
}

type AdmissionChanges = Partial<Omit<Admission, 'idempotency'>> & {
  key?: string;
  fingerprint?: string;
  route?: string;
};

export function admission(
  requestId: string,
  { key, fingerprint = 'body-1', route = 'POST /v2/invite_users', ...changes }: AdmissionChanges = {},
): Admission {
  const plan = changes.plan ?? 'send';
  const decided = { send: 'intent', deny: 'denial', dry_run: 'dry_run' } as const;
  const { owner = ANN } = changes;
  return {
    requestId,
    owner,
    idempotency: key === undefined ? null : { key, fingerprint, route },
    charges: [],
    plan,
    expiresInMs: 45_000,
    body: plan === 'send' ? '{"emails":["new.colleague@acme.com"]}' : null,
    records: {
      ...onlyRecord(draftFor(recordDraft(decided[plan], requestId), owner, key)),
      exhausted: plan === 'send' ? { result: 'denied', code: 'quota_exhausted', status: 429 } : null,
      replay: plan === 'dry_run' ? null : { result: 'replayed' },
    },
    ...changes,
  };
}

/** The draft of a request of this owner, with this Idempotency-Key. */
export function draftFor(draft: RecordDraft, owner: Owner, key?: string): RecordDraft {
  const { issuer: issuer_url, clientId: client_id, subject } = owner;
  const sent = key === undefined ? {} : { idempotency_key_sha256: sha256Hex(key) };
  return {
    ...draft,
    actor: { ...draft.actor, issuer_url, client_id, subject },
    request: { ...draft.request, ...sent },
  };
}

/** The records of an admission that can only write this one. Its kind follows from the plan. */
export function onlyRecord(draft: RecordDraft): AdmissionRecords {
  const { kind: _, outcome, ...base } = draft;
  return { base, decided: outcome, exhausted: null, replay: null };
}

export function settlement(requestId: string, ending: Ending, changes: Partial<Settlement> = {}): Settlement {
  const by = changes.by ?? 'exchange';
  return {
    requestId,
    by,
    ending,
    reply: CREATED,
    record: recordDraft('outcome', requestId, { result: ending, settled_by: by }),
    ...changes,
  };
}

/** For tests that are not about retention: nothing is dropped. */
export const KEEP_ALL: Retention = { sinks: [], keepRecordsMs: null };

/** Lets time pass as in a running service, which prunes at least daily and hears witnesses. */
export async function passTime(ledger: Pick<Ledger, 'prune' | 'witness'>, clock: FakeClock, ms: number): Promise<void> {
  for (let left = ms; ; left -= DAY_MS) {
    await ledger.witness({ atMs: clock.now(), kind: 'now' });
    await ledger.prune(KEEP_ALL);
    if (left <= 0) return;
    clock.advance(Math.min(left, DAY_MS));
  }
}

/** All lines of the trail, read page by page. */
export async function readTrail(ledger: Ledger): Promise<string[]> {
  const lines: string[] = [];
  for (let after = 0; ;) {
    const page = await ledger.records(after, 1000);
    const last = page.at(-1);
    if (last === undefined) return lines;
    lines.push(...page.map((record) => record.line));
    after = last.seq;
  }
}

export async function readRecords(ledger: Ledger): Promise<RecordDraft[]> {
  return (await readTrail(ledger)).map((line) => JSON.parse(line) as RecordDraft);
}
