import type { RecordDraft } from '../../../src/audit/record.ts';
import type { Owner } from '../../../src/ledger/port.ts';
import { admitRecord, NOTHING_YET } from '../../../src/ledger/records/suppression.ts';
import type { SubjectMinute } from '../../../src/ledger/records/suppression.ts';
import { sha256Hex } from '../../../src/lib/sha256.ts';

/** The suppression counters of the reference model: one entry per subject and minute, in a map. */
export interface MemorySuppressions {
  isWhole(owner: Owner, draft: RecordDraft, at: { now: number; machineMs: number }): boolean;
  take(now: number, limit: number): { readonly minutes: readonly SubjectMinute[]; readonly more: boolean };
}

export function createMemorySuppressions(): MemorySuppressions {
  const minutes = new Map<string, { readonly minute: number; readonly scope: string; counted: SubjectMinute }>();
  const minuteOf = (now: number): number => now - (now % 60_000);

  return {
    isWhole({ issuer, clientId, subject }, draft, { now, machineMs }) {
      const scope = sha256Hex(JSON.stringify([issuer, clientId, subject]));
      const key = `${minuteOf(now)} ${scope}`;
      const counted = minutes.get(key)?.counted ?? NOTHING_YET;
      const { isWhole, minute } = admitRecord(counted, draft, { machineMs, isSpaceLow: false });
      minutes.set(key, { minute: minuteOf(now), scope, counted: minute });
      return isWhole;
    },
    /** The oldest minute first; within one, in the order of the hash, as a database would sort them. */
    take(now, limit) {
      const over = [...minutes.entries()]
        .filter(([, { minute }]) => minute !== minuteOf(now))
        .toSorted(([, a], [, b]) => a.minute - b.minute || (a.scope < b.scope ? -1 : 1));
      const taken = over.slice(0, Math.max(0, limit));
      for (const [key] of taken) minutes.delete(key);
      return { minutes: taken.map(([, { counted }]) => counted), more: over.length > taken.length };
    },
  };
}
