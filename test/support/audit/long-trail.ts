/**
 * A trail with the longest records that the service can write: 500 addresses in a body of 64 KiB, each decided by a rule
 * of its own, and asked about at Galileo. It is made without a ledger, by the code that chains and formats records.
 */
import { chainRecord, GENESIS } from '../../../src/audit/chain.ts';
import { checkpointLine } from '../../../src/audit/checkpoint/checkpoint.ts';
import type { OutboxItem } from '../../../src/audit/delivery/sink.ts';
import type { RecordDraft } from '../../../src/audit/record.ts';
import { TEST_TIME_MS, testUuid7 } from '../clock.ts';
import { recordDraft } from '../ledger/ledger.ts';

/** No claim of a token that is recorded is longer, in characters. Four bytes each. */
const LONG_NAME = '𝒶'.repeat(127);
/** In the text of a record, each of these is two characters. */
const LONG_FIELD = '"'.repeat(256);
const GROUPS = Array.from({ length: 100 }, (_, n) => `9b1deb4d-3b7d-4bad-9bdd-${String(n).padStart(12, '0')}`);
/** With its quotes and comma each is 131 bytes of the body. */
const EMAILS = Array.from(
  { length: 500 },
  (_, n) => `${'x'.repeat(60)}.${String(n).padStart(3, '0')}@${'y'.repeat(59)}.io`,
);

/** Longer than any record of the service: it fills each limit, also where they exclude one another. */
export function longestRecord(): RecordDraft {
  const { actor, ...base } = recordDraft('reconciliation', testUuid7(1));
  const person = { ...actor, issuer_url: LONG_NAME, subject: LONG_NAME, client_id: LONG_NAME, token_id: LONG_NAME };
  return {
    ...base,
    request_sha256: 'ab'.repeat(32),
    trace_id: 'ab'.repeat(16),
    actor: person,
    source: { address: '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', user_agent: LONG_FIELD, origin: LONG_FIELD },
    request: {
      ...base.request,
      emails: EMAILS,
      email_count: EMAILS.length,
      group_ids: GROUPS,
      idempotency_key_sha256: 'ab'.repeat(32),
    },
    policy: {
      ...base.policy,
      decisions: EMAILS.map((email, n) => ({
        decision: 'deny',
        rule: String(n).padStart(64, 'r'),
        because: ['domains', 'roles', 'auth_methods', 'groups', 'until'],
        emails: [email],
        email_count: 1,
      })),
      forced: (['auth_method', 'role', 'group_ids', 'send_email'] as const).map((field) => ({
        rule: field.padStart(64, 'r'),
        field,
        value: field === 'group_ids' ? GROUPS : field,
      })),
    },
    outcome: {
      result: 'unknown',
      settled_by: 'person',
      person: LONG_NAME,
      note: '"'.repeat(500),
      settler: { ...person, request_id: testUuid7(2), address: '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff' },
      evidence: {
        created_after: EMAILS.length,
        users: EMAILS.map((email) => ({ email, created_at: '2026-03-02T10:00:00.000000+00:00' })),
      },
    },
  };
}

/** `short` records, the longest one in their middle, and a checkpoint over all. */
export async function longTrail(short: number): Promise<readonly OutboxItem[]> {
  const items: OutboxItem[] = [];
  let head = GENESIS;
  const timeOf = (seq: number): string => new Date(TEST_TIME_MS + seq * 1000).toISOString();
  for (let seq = 1; seq <= short + 1; seq += 1) {
    const draft = seq === Math.ceil(short / 2) ? longestRecord() : recordDraft('denial', testUuid7(10_000 + seq));
    const { line, hash } = chainRecord(draft, { seq, id: testUuid7(seq), time: timeOf(seq), prev: head.hash });
    head = { seq, hash };
    items.push({ position: seq * 2, kind: 'record', line });
  }
  const checkpoint = {
    id: testUuid7(short + 2),
    time: timeOf(short + 2),
    count: head.seq,
    head: head.hash,
    previous: null,
  };
  return [...items, { position: head.seq * 2 + 1, kind: 'checkpoint', line: await checkpointLine(checkpoint, null) }];
}
