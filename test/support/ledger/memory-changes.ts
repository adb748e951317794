import type { AnyDraft, AuditRecord } from '../../../src/audit/record.ts';
import { judgeChange, NEVER_CHANGED, subjectOf } from '../../../src/ledger/records/change-report.ts';
import type { ChangeAnswer, ChangeReport, LastChange } from '../../../src/ledger/records/change-report.ts';
import type { StoredRecord } from '../../../src/ledger/port.ts';

/** The changes of the reference model: the last value of each subject, and the kept policies, in maps. */
export interface MemoryChanges {
  record(report: ChangeReport, now: number): ChangeAnswer;
  policy(digest: string): string | null;
  /** Drops the policies that none of these records, which are all that is kept, names, and that came before them. */
  prune(records: readonly StoredRecord[]): void;
}

export function createMemoryChanges(append: (draft: AnyDraft) => number, headSeq: () => number): MemoryChanges {
  const last = new Map<string, LastChange>();
  /** `since`: the seq of the next record when the policy was kept. */
  const policies = new Map<string, { readonly document: string; readonly since: number }>();

  return {
    record(report, now) {
      const { change, service } = report;
      if (change.what === 'policy_taken' && !policies.has(change.to)) {
        if (change.document === null) return 'document_needed';
        policies.set(change.to, { document: change.document, since: headSeq() + 1 });
      }
      const subject = subjectOf(report) ?? '';
      const verdict = judgeChange(report, last.get(subject) ?? NEVER_CHANGED, now);
      if (verdict.kind !== 'recorded') return verdict.kind;
      append({ kind: 'change', change: verdict.change, service });
      if (verdict.last !== null) last.set(subject, verdict.last);
      return 'recorded';
    },
    policy: (digest) => policies.get(digest)?.document ?? null,
    prune(records) {
      const named = new Set([last.get('policy')?.value]);
      for (const { line } of records) {
        const record = JSON.parse(line) as AuditRecord;
        if (record.kind === 'read') continue;
        if (record.kind !== 'change') named.add(record.policy.digest);
        else if (record.change.what === 'policy_taken') named.add(record.change.to).add(record.change.from);
        else if (record.change.what === 'policy_refused') named.add(record.change.kept);
      }
      const first = records[0]?.seq ?? headSeq() + 1;
      for (const [digest, { since }] of policies) if (!named.has(digest) && since < first) policies.delete(digest);
    },
  };
}
