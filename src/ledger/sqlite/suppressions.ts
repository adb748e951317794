import * as z from 'zod';
import type { RecordDraft, SuppressedDraft } from '../../audit/record.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { parseObject } from '../../lib/parse-object.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import type { Owner } from '../port.ts';
import type { ReportUnreadable } from '../report-unreadable.ts';
import { admitRecord, NOTHING_YET } from '../records/suppression.ts';
import type { SubjectMinute } from '../records/suppression.ts';
import type { MinuteRows } from './minute-rows.ts';

/**
 * One row (minute-rows.ts) per subject and minute in which something was refused, replayed or previewed: the count of
 * records that were written whole, and the records of what was suppressed. An admitted request reads and writes none of
 * them.
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

/** The scope of a subject's rows. */
export function subjectScope({ issuer, clientId, subject }: Owner): string {
  return sha256Hex(canonicalJson([issuer, clientId, subject]));
}

export function createSuppressions(
  rows: MinuteRows,
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
      const scope = subjectScope({ issuer, clientId, subject });
      const counted = parse(rows.get(now, scope));
      const { isWhole, minute } = admitRecord(counted, draft, { machineMs, isSpaceLow: isSpaceLow() });
      rows.set(now, scope, JSON.stringify(minute));
      return isWhole;
    },
    take(now, limit) {
      const { minutes, more } = rows.take(now, limit);
      return { drafts: minutes.flatMap((minute) => parse(minute).suppressed), more };
    },
  };
}
