import * as z from 'zod';
import type { ReadDraft } from '../../audit/record.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { parseObject } from '../../lib/parse-object.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import { countRead, MAX_READERS } from '../records/read-count.ts';
import type { ReaderMinute, ReadReport } from '../records/read-count.ts';
import type { ReportUnreadable } from '../report-unreadable.ts';
import type { MinuteRows } from './minute-rows.ts';

/**
 * Counts who reads the trail (read-count.ts): one row per reader and minute, until its record is written. A damaged row
 * is reported, and its reader is counted anew.
 */
export interface Reads {
  /** `now` is the ledger's clock; the times in a record are the machine's. */
  count(report: ReadReport, at: { readonly now: number; readonly machineMs: number }): void;
  /** Removes the oldest minutes that are over, at most `limit`, and returns their records. */
  take(now: number, limit: number): { readonly drafts: readonly ReadDraft[]; readonly more: boolean };
}

/** Of all readers of a minute beyond MAX_READERS. No hash equals it. */
const OTHERS = 'others';

/** Only the members that are computed with. */
const readerMinute = z.looseObject({
  draft: z.looseObject({
    kind: z.literal('read'),
    read: z.looseObject({
      count: z.int(),
      counts: z.array(z.looseObject({ what: z.string(), count: z.int() })),
      records: z.int(),
      first_seq: z.int().optional(),
      last_seq: z.int().optional(),
      filters: z.array(z.string()),
    }),
  }),
  recent: z.array(z.string()),
});

export function createReads(rows: MinuteRows, reportUnreadable: ReportUnreadable): Reads {
  function parse(text: string | undefined): ReaderMinute | null {
    if (text === undefined) return null;
    const parsed = readerMinute.safeParse(parseObject(text));
    if (parsed.success) return parsed.data as unknown as ReaderMinute;
    reportUnreadable({ part: 'reads', reason: 'other_shape' });
    return null;
  }

  return {
    count(report, { now, machineMs }) {
      const { issuer_url: issuer, client_id: clientId, subject } = report.reader;
      const own = sha256Hex(canonicalJson([issuer, clientId, subject]));
      const known = rows.get(now, own);
      const isNamed = known !== undefined || rows.count(now) < MAX_READERS;
      const scope = isNamed ? own : OTHERS;
      const minute = parse(isNamed ? known : rows.get(now, OTHERS));
      rows.set(now, scope, JSON.stringify(countRead(minute, report, { machineMs, isNamed })));
    },
    take(now, limit) {
      const { minutes, more } = rows.take(now, limit);
      return { drafts: minutes.flatMap((text) => parse(text)?.draft ?? []), more };
    },
  };
}
