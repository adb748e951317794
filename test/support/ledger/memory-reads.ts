import type { ReadDraft } from '../../../src/audit/record.ts';
import { countRead, MAX_READERS } from '../../../src/ledger/records/read-count.ts';
import type { ReaderMinute, ReadReport } from '../../../src/ledger/records/read-count.ts';
import { sha256Hex } from '../../../src/lib/sha256.ts';

/** The counts of reads of the reference model: one entry per reader and minute, in a map. */
export interface MemoryReads {
  count(report: ReadReport, at: { now: number; machineMs: number }): void;
  take(now: number, limit: number): { readonly drafts: readonly ReadDraft[]; readonly more: boolean };
}

export function createMemoryReads(): MemoryReads {
  const entries = new Map<string, { readonly minute: number; readonly scope: string; counted: ReaderMinute }>();
  const minuteOf = (now: number): number => now - (now % 60_000);

  return {
    count(report, { now, machineMs }) {
      const { issuer_url: issuer, client_id: clientId, subject } = report.reader;
      const minute = minuteOf(now);
      const own = sha256Hex(JSON.stringify([issuer, clientId, subject]));
      const isNamed =
        entries.has(`${minute} ${own}`) ||
        [...entries.values()].filter((entry) => entry.minute === minute).length < MAX_READERS;
      const scope = isNamed ? own : 'others';
      const counted = countRead(entries.get(`${minute} ${scope}`)?.counted ?? null, report, { machineMs, isNamed });
      entries.set(`${minute} ${scope}`, { minute, scope, counted });
    },
    take(now, limit) {
      const over = [...entries.entries()]
        .filter(([, { minute }]) => minute !== minuteOf(now))
        .toSorted(([, a], [, b]) => a.minute - b.minute || (a.scope < b.scope ? -1 : 1));
      const taken = over.slice(0, Math.max(0, limit));
      for (const [key] of taken) entries.delete(key);
      return { drafts: taken.map(([, { counted }]) => counted.draft), more: over.length > taken.length };
    },
  };
}
