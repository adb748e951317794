import type { AppendedRecords } from '../../../audit/checkpoint/appended-records.ts';
import { chainRecord } from '../../../audit/chain.ts';
import { rfc3339 } from '../../../lib/rfc3339.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Ids } from '../../../ports/ids.ts';
import type { Sha256 } from '../../../ports/sha256.ts';
import { notePolicies } from '../../sqlite/policies.ts';
import type { Journal } from '../../sqlite/trail/journal.ts';
import type { WorkingSet } from './working-set.ts';

/**
 * Appends records to the trail of a working set, as the SQLite ledger's journal does in its file: `time` is the machine's
 * clock, `seq` is the order, and a step back of `time` is listed.
 */
export interface SetJournalDeps {
  /** The machine's. */
  readonly clock: Clock;
  readonly ids: Ids;
  readonly sha256: Sha256;
  /** Gets every record with its text. */
  readonly appended: Pick<AppendedRecords, 'note'>;
}

export type SetJournal = Pick<Journal, 'now' | 'append' | 'nextSeq'>;

export function createSetJournal(
  { nowMs, changes }: WorkingSet,
  { clock, ids, sha256, appended }: SetJournalDeps,
): SetJournal {
  const usedUntil = (digest: string, seq: number): void =>
    void changes.policyUses.set(digest, Math.max(seq, changes.policyUses.get(digest) ?? 0));
  return {
    now: () => nowMs,
    nextSeq: () => changes.head.head.seq + 1,
    append(draft, decides) {
      const { head } = changes;
      const timeMs = Math.trunc(clock.now());
      const seq = head.head.seq + 1;
      const place = { seq, id: ids.uuid7(), time: rfc3339(timeMs), prev: head.head.hash };
      const { line, hash } = chainRecord(draft, place, sha256);
      changes.records.push({ seq, line, owner: decides?.owner ?? null, requestId: decides?.requestId ?? null });
      const policyDigest = notePolicies(usedUntil, { draft, seq, policyDigest: head.policyDigest });
      if (timeMs < head.recordedMs) changes.clockSteps.push(seq);
      appended.note(line, { seq, hash, prev: place.prev });
      changes.head = { ...head, head: { seq, hash }, recordedMs: timeMs, policyDigest };
      return seq;
    },
  };
}
