import { chainRecord, GENESIS } from '../../../src/audit/chain.ts';
import { checkpointLine } from '../../../src/audit/checkpoint/checkpoint.ts';
import type { RecordKind, RecordOutcome } from '../../../src/audit/record.ts';
import type { OutboxItem } from '../../../src/audit/delivery/sink.ts';
import { testUuid7, TEST_TIME_MS } from '../clock.ts';
import { draftOfKind } from '../ledger/ledger.ts';

/** The outbox items that a ledger gives to a sink: lines of a valid chain, made without a ledger. */

export interface AuditStep {
  readonly kind: RecordKind;
  readonly outcome?: Partial<RecordOutcome>;
}

/** Each record is a second after the previous one. A checkpoint over all of them comes last. */
export async function auditItems(
  steps: readonly AuditStep[] = [{ kind: 'intent' }, { kind: 'outcome' }, { kind: 'denial' }],
): Promise<OutboxItem[]> {
  const items: OutboxItem[] = [];
  let { seq, hash } = GENESIS;
  const timeOf = (n: number): string => new Date(TEST_TIME_MS + n * 1000).toISOString();
  for (const { kind, outcome } of steps) {
    seq += 1;
    const place = { seq, id: testUuid7(seq), time: timeOf(seq), prev: hash };
    const draft = draftOfKind(kind, testUuid7(1000 + seq), outcome);
    const chained = chainRecord(draft, place);
    ({ hash } = chained);
    items.push({ position: seq * 2, kind: 'record', line: chained.line });
  }
  const checkpoint = { id: testUuid7(seq + 1), time: timeOf(seq + 1), count: seq, head: hash, previous: null };
  const line = await checkpointLine(checkpoint, null);
  return [...items, { position: seq * 2 + 1, kind: 'checkpoint', line }];
}
