import * as z from 'zod';
import type { RecordDraft, SuppressedDraft } from '../../audit/record.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { parseObject } from '../../lib/parse-object.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import type { Owner } from '../port.ts';
import type { ReportUnreadable } from '../report-unreadable.ts';
import { admitRecord, NOTHING_YET, SUPPRESSION_WINDOW_MS } from '../suppression.ts';
import type { SubjectMinute } from '../suppression.ts';
import type { SqlitePort } from './sqlite-port.ts';

/**
 * One row per subject and minute in which something was refused, replayed or previewed: the count of records that were
 * written whole, and the records of what was suppressed. The rows are in the database and not in memory, so they are exact
 * across a rolled-back batch and a restart. An admitted request reads and writes none of them.
 */
export interface Suppressions {
  /** Counts the record. True: it is to be stored whole. */
  isWhole(owner: Owner, draft: RecordDraft, at: SuppressionTime): boolean;
  /** Removes the oldest minutes that are over, at most `limit`, and returns the records of what was suppressed in them. */
  take(now: number, limit: number): { readonly drafts: readonly SuppressedDraft[]; readonly more: boolean };
}

/** Minutes are counted by the ledger's clock; the times in a record are the machine's. */
export interface SuppressionTime {
  readonly now: number;
  readonly machineMs: number;
}

type Row = { window_end: number; scope: string; minute: string };

/** Only the members that are computed with. A damaged row is replaced by an empty one. */
const subjectMinute = z.looseObject({
  records: z.int(),
  bytes: z.int(),
  suppressed: z.array(
    z.looseObject({
      kind: z.literal('suppressed'),
      policy: z.looseObject({ digest: z.string() }),
      suppressed: z.looseObject({
        count: z.int(),
        uncounted: z.int(),
        counts: z.array(z.looseObject({ result: z.string(), count: z.int() })),
      }),
    }),
  ),
});

export function createSuppressions(
  sqlite: SqlitePort,
  { reportUnreadable, isSpaceLow }: { reportUnreadable: ReportUnreadable; isSpaceLow: () => boolean },
): Suppressions {
  function parse(text: string | undefined): SubjectMinute {
    if (text === undefined) return NOTHING_YET;
    const parsed = subjectMinute.safeParse(parseObject(text));
    if (parsed.success) return parsed.data as unknown as SubjectMinute;
    reportUnreadable({ part: 'suppressed', reason: 'other_shape' });
    return NOTHING_YET;
  }

  return {
    isWhole({ issuer, clientId, subject }, draft, { now, machineMs }) {
      const windowEnd = (Math.floor(now / SUPPRESSION_WINDOW_MS) + 1) * SUPPRESSION_WINDOW_MS;
      const scope = sha256Hex(canonicalJson([issuer, clientId, subject]));
      const row = sqlite.run<Pick<Row, 'minute'>>(
        `SELECT minute FROM suppressions WHERE window_end = ? AND scope = ?`,
        windowEnd,
        scope,
      )[0];
      const { isWhole, minute } = admitRecord(parse(row?.minute), draft, { machineMs, isSpaceLow: isSpaceLow() });
      sqlite.run(
        `INSERT INTO suppressions (window_end, scope, minute) VALUES (?, ?, ?)
         ON CONFLICT (window_end, scope) DO UPDATE SET minute = excluded.minute`,
        windowEnd,
        scope,
        JSON.stringify(minute),
      );
      return isWhole;
    },
    take(now, limit) {
      // A minute after the current one is of a clock that was corrected since.
      const rows = sqlite.run<Row>(
        `SELECT window_end, scope, minute FROM suppressions WHERE window_end <= ? OR window_end > ?
         ORDER BY window_end, scope LIMIT ?`,
        now,
        now + SUPPRESSION_WINDOW_MS,
        Math.max(0, limit) + 1,
      );
      const taken = rows.slice(0, Math.max(0, limit));
      for (const { window_end: windowEnd, scope } of taken) {
        sqlite.run(`DELETE FROM suppressions WHERE window_end = ? AND scope = ?`, windowEnd, scope);
      }
      return { drafts: taken.flatMap(({ minute }) => parse(minute).suppressed), more: rows.length > taken.length };
    },
  };
}
