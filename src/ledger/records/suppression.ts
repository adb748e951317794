import type { RecordDraft, SuppressedCount, SuppressedDraft } from '../../audit/record.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { rfc3339 } from '../../lib/rfc3339.ts';

/**
 * The limit on what a token holder can add to the trail without an admission, and the record of what was beyond it. Pure.
 * In each minute the first refusals and replays of a subject are recorded whole. From the first one that does not fit on,
 * everything until the end of the minute is only counted, in one record of kind `suppressed`. Every ledger uses these
 * functions, so all ledgers write identical records. An intent and an outcome are never suppressed.
 */
/** Refusals and replays. Dry runs have a limit of their own, and only their bytes count here. */
const MAX_WHOLE_RECORDS = 20;
/** Of refusals, replays and dry runs. */
const MAX_WHOLE_BYTES = 256 * 1024;
/** The members that the ledger adds to a draft: two hashes, an id, a time and a number. */
const PLACE_BYTES = 256;
/** Bounds the record under a policy of many rules. */
const MAX_COUNTS = 50;

/** What one subject did in one minute. */
export interface SubjectMinute {
  /** Refusals and replays that were recorded whole. */
  readonly records: number;
  /** Bytes of all records that were written whole. */
  readonly bytes: number;
  /** The records of what was suppressed: one, or one for each policy that was in force. */
  readonly suppressed: readonly SuppressedDraft[];
}

export const NOTHING_YET: SubjectMinute = { records: 0, bytes: 0, suppressed: [] };

export type Admittance = { readonly isWhole: boolean; readonly minute: SubjectMinute };

/** Decides whether this refusal, replay or dry run is recorded whole, and counts it. */
export function admitRecord(
  minute: SubjectMinute,
  draft: RecordDraft,
  { machineMs, isSpaceLow }: { readonly machineMs: number; readonly isSpaceLow: boolean },
): Admittance {
  const records = minute.records + (draft.kind === 'dry_run' ? 0 : 1);
  const bytes = minute.bytes + sizeOf(draft);
  const isWhole =
    !isSpaceLow && minute.suppressed.length === 0 && records <= MAX_WHOLE_RECORDS && bytes <= MAX_WHOLE_BYTES;
  if (isWhole) return { isWhole, minute: { ...minute, records, bytes } };
  return { isWhole, minute: { ...minute, suppressed: suppress(minute.suppressed, draft, rfc3339(machineMs)) } };
}

function sizeOf(draft: RecordDraft): number {
  return new TextEncoder().encode(canonicalJson(draft)).length + PLACE_BYTES;
}

/** One record for each digest: its counts are by rules of one policy. */
function suppress(all: readonly SuppressedDraft[], draft: RecordDraft, at: string): readonly SuppressedDraft[] {
  const index = all.findIndex(({ policy }) => policy.digest === draft.policy.digest);
  const known = all[index];
  return known === undefined ? [...all, add(newDraft(draft, at), draft, at)] : all.with(index, add(known, draft, at));
}

function newDraft(draft: RecordDraft, at: string): SuppressedDraft {
  const { token_id: _, ...actor } = draft.actor;
  const { method, path } = draft.request;
  const { request_id: id } = draft;
  return {
    kind: 'suppressed',
    actor,
    request: { method, path },
    policy: { digest: draft.policy.digest },
    outcome: { result: 'suppressed' },
    suppressed: { count: 0, from: at, to: at, first_request_id: id, last_request_id: id, counts: [], uncounted: 0 },
    service: draft.service,
  };
}

function add(record: SuppressedDraft, draft: RecordDraft, at: string): SuppressedDraft {
  const { suppressed } = record;
  let { counts } = suppressed;
  let isUncounted = false;
  for (const row of rowsOf(draft)) {
    const index = counts.findIndex((known) => isSameRow(known, row));
    const known = counts[index];
    if (known !== undefined) counts = counts.with(index, { ...known, count: known.count + 1 });
    else if (counts.length < MAX_COUNTS) counts = [...counts, { ...row, count: 1 }];
    else isUncounted = true;
  }
  return {
    ...record,
    suppressed: {
      ...suppressed,
      count: suppressed.count + 1,
      to: at,
      last_request_id: draft.request_id,
      counts,
      uncounted: suppressed.uncounted + (isUncounted ? 1 : 0),
    },
  };
}

type Row = Omit<SuppressedCount, 'count'>;

/** A denial by the policy is counted once for each rule that denied an address; all else once. */
function rowsOf({ kind, outcome: { code, quota }, policy }: RecordDraft): readonly Row[] {
  if (kind === 'replay') return [{ result: 'replayed' }];
  if (kind === 'dry_run') return [{ result: 'previewed' }];
  const denied = { result: 'denied', ...(code === undefined ? {} : { code }) } as const;
  if (quota !== undefined) return [{ ...denied, quota }];
  const rules = new Set(policy.decisions.filter(({ decision }) => decision === 'deny').map(({ rule }) => rule));
  return [...rules].map((rule) => ({ ...denied, rule }));
}

function isSameRow(a: Row, b: Row): boolean {
  return a.result === b.result && a.code === b.code && a.rule === b.rule && a.quota === b.quota;
}
