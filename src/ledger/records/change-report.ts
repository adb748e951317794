import type { RecordChange, RecordService } from '../../audit/record.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';

/**
 * What may be recorded as a change, and whether it is. Pure; every ledger uses it, so all ledgers write identical records.
 * The ledger remembers the last value on record for each subject. A report of that value writes nothing, so many
 * instances of one deployment may report the same change, and a restart reports what changed while the service was down.
 * An instance that only found a value as it is may have found an old one (a cache): a value that was replaced a short time
 * ago is deferred, and the instance reports it again.
 */
export interface ChangeReport {
  readonly change: ReportedChange;
  /**
   * `changed`: the reporter saw the change, or is the only process that uses the ledger. `found`: one of several
   * instances found the value as it is.
   */
  readonly seen: 'changed' | 'found';
  readonly service: RecordService;
}

export type ReportedChange =
  | Of<'service_started'>
  | Of<'service_stopped'>
  | Of<'restored'>
  | {
      readonly what: 'policy_taken';
      readonly to: string;
      /** The RFC 8785 text with this digest. Null: only sent when the ledger asks for it, because it may be large. */
      readonly document: string | null;
    }
  /** `text_sha256` tells two refused texts apart. It is not part of the record. */
  | (Of<'policy_refused'> & { readonly text_sha256: string })
  | Omit<Of<'key_slot_changed'>, 'from'>
  | Omit<Of<'checkpoint_key_changed'>, 'from'>;

type Of<K extends RecordChange['what']> = Extract<RecordChange, { readonly what: K }>;

/**
 * `recorded`: the record is in the trail. `unchanged`: it says nothing new. `deferred`: to be reported again later.
 * `document_needed`: nothing was done; to be reported again with the policy's text.
 */
export type ChangeAnswer = 'recorded' | 'unchanged' | 'deferred' | 'document_needed';

/** The last value on record, and those before it, the latest first. */
export interface LastChange {
  readonly value: string | null;
  readonly earlier: readonly string[];
  /** Milliseconds since the epoch, the ledger's clock. */
  readonly changedAt: number;
}

export const NEVER_CHANGED: LastChange = { value: null, earlier: [], changedAt: -Infinity };

export type ChangeVerdict =
  | { readonly kind: 'unchanged' | 'deferred' }
  /** `last`: to be remembered from now on; null: nothing is remembered of it. */
  | { readonly kind: 'recorded'; readonly change: RecordChange; readonly last: LastChange | null };

/** Much longer than any cache of a policy or a secret answers with an old value. */
export const DEFERRED_FOR_MS = 10 * 60_000;
const MAX_EARLIER = 8;

/** What is remembered of a report; null: nothing, every report is recorded. */
export function subjectOf({ change }: ChangeReport): string | null {
  switch (change.what) {
    case 'service_started':
      return 'service';
    case 'service_stopped':
    case 'restored':
      return null;
    case 'policy_taken':
      return 'policy';
    case 'policy_refused':
      return 'refused policy';
    case 'key_slot_changed':
      return `key ${change.slot}`;
    case 'checkpoint_key_changed':
      return 'checkpoint key';
    default:
      return change satisfies never;
  }
}

export function judgeChange(report: ChangeReport, last: LastChange, now: number): ChangeVerdict {
  const value = valueOf(report);
  const change = changeOf(report, last);
  if (subjectOf(report) === null) return { kind: 'recorded', change, last: null };
  const isStart = change.what === 'service_started' && report.seen === 'changed';
  if (value === last.value && !isStart) return { kind: 'unchanged' };
  const ageMs = now - last.changedAt;
  const isRecent = ageMs >= 0 && ageMs < DEFERRED_FOR_MS;
  const isKnown = value !== null && last.earlier.includes(value);
  if (report.seen === 'found' && isKnown && isRecent) return { kind: 'deferred' };
  const earlier = [last.value, ...last.earlier].filter((one) => one !== null && one !== value);
  return {
    kind: 'recorded',
    change,
    last: { value, earlier: earlier.slice(0, MAX_EARLIER) as string[], changedAt: now },
  };
}

function valueOf({ change, service }: ChangeReport): string | null {
  switch (change.what) {
    case 'service_started':
      return canonicalJson([service.version, service.instance, change.settings_sha256]);
    case 'service_stopped':
    case 'restored':
      return null;
    case 'policy_refused':
      return canonicalJson([change.kept, change.text_sha256]);
    default:
      return change.to;
  }
}

function changeOf({ change }: ChangeReport, { value: from }: LastChange): RecordChange {
  switch (change.what) {
    case 'policy_taken':
      return { what: change.what, from, to: change.to };
    case 'policy_refused':
      return { what: change.what, kept: change.kept, problems: change.problems };
    case 'key_slot_changed':
    case 'checkpoint_key_changed':
      return { ...change, from };
    default:
      return change;
  }
}
