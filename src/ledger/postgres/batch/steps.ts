import type { Sha256 } from '../../../ports/sha256.ts';
import type { ChangeAnswer, ChangeReport } from '../../records/change-report.ts';
import { subjectOf } from '../../records/change-report.ts';
import type { ReconcileAttempt } from '../../background-steps.ts';
import type { Admission, Admitted, Settled, Settlement } from '../../port.ts';
import type { ReadReport } from '../../records/read-count.ts';
import type { ReportUnreadable } from '../../report-unreadable.ts';
import { createChanges } from '../../sqlite/changes.ts';
import { createReads } from '../../sqlite/reads.ts';
import { createAdmissions } from '../../sqlite/requests/admissions.ts';
import { keyScope } from '../../sqlite/requests/idempotency.ts';
import { createQuotaCounters } from '../../sqlite/requests/quota.ts';
import { decidingAmong } from '../../sqlite/requests/recall-admission.ts';
import { createSettlements } from '../../sqlite/requests/settlements.ts';
import { createSuppressions, subjectScope } from '../../sqlite/suppressions.ts';
import { needCounters, needOwner } from './needs.ts';
import type { Needs } from './needs.ts';
import { createSetJournal } from './set-journal.ts';
import type { SetJournalDeps } from './set-journal.ts';
import { createSetOwners, createSetRequests } from './set-requests.ts';
import { createSetChanges, createSetCounters, createSetKeys, createSetMinutes } from './set-rows.ts';
import type { WorkingSet } from './working-set.ts';

/**
 * The writing steps that share a batch: what each needs to read, and how it decides. They decide with the code of the
 * SQLite ledger, over a working set instead of a file.
 */
export interface BatchSteps {
  admit(admission: Admission): Admitted;
  settle(settlement: Settlement): Settled;
  recordAttempt(attempt: ReconcileAttempt): void;
  recordSuppressed(limit: number): { readonly requests: number; readonly more: boolean };
  countRead(report: ReadReport): void;
  recordReads(limit: number): { readonly records: number; readonly more: boolean };
  recordChanges(reports: readonly ChangeReport[]): readonly ChangeAnswer[];
  /** Brings what the steps share into the changes of the set. */
  end(): void;
}

export interface BatchStepsDeps extends SetJournalDeps {
  readonly reportUnreadable: ReportUnreadable;
  readonly isSpaceLow: () => boolean;
}

export function createBatchSteps(set: WorkingSet, deps: BatchStepsDeps): BatchSteps {
  const { clock, sha256, reportUnreadable, isSpaceLow } = deps;
  const { changes, rows } = set;
  const journal = createSetJournal(set, deps);
  const quotas = createQuotaCounters(createSetCounters(set));
  const requests = createSetRequests(set, reportUnreadable);
  const keys = createSetKeys(set, reportUnreadable);
  const suppressions = createSuppressions(createSetMinutes(set, 'suppressions'), { reportUnreadable, isSpaceLow });
  const reads = createReads(createSetMinutes(set, 'reads'), reportUnreadable);
  const noteFurther = (requestId: string, seq: number, kind: 'replay' | 'other'): void =>
    void changes.further.push({ requestId, seq, kind });
  const { admit } = createAdmissions({
    ...{ clock, journal, quotas, keys, requests, suppressions, noteFurther, sha256 },
    owners: createSetOwners(set),
    findDeciding: (requestId) =>
      // The first call may be of the same batch.
      decidingAmong([...(rows.repeated.get(requestId) ?? []), ...changes.records.map(({ line }) => line)], requestId),
  });
  const { settle, recordAttempt } = createSettlements({ journal, quotas, keys, requests, noteFurther });
  const reported = createChanges(createSetChanges(set), journal);
  quotas.begin();
  return {
    admit,
    settle,
    recordAttempt,
    recordSuppressed(limit) {
      const { drafts, more } = suppressions.take(journal.now(), limit);
      for (const draft of drafts) journal.append(draft);
      return { requests: drafts.reduce((sum, { suppressed }) => sum + suppressed.count, 0), more };
    },
    countRead: (report) => reads.count(report, { now: journal.now(), machineMs: Math.trunc(clock.now()) }),
    recordReads(limit) {
      const { drafts, more } = reads.take(journal.now(), limit);
      for (const draft of drafts) journal.append(draft);
      return { records: drafts.length, more };
    },
    recordChanges: (reports) => reported.record(reports, journal.now()),
    end: () => quotas.write(),
  };
}

/** What each step needs, by the name of the step. */
export const STEP_NEEDS = {
  admit(needs: Needs, admission: Admission, sha256: Sha256) {
    const { requestId, owner, charges } = admission;
    needs.requests.add(requestId);
    needOwner(needs, owner);
    needCounters(needs, charges);
    needs.suppressions.add(subjectScope(owner));
    const scope = keyScope(admission, sha256);
    if (scope !== null) needs.keys.add(scope);
    if (admission.repeated === true) needs.repeated.add(requestId);
  },
  settle(needs: Needs, { requestId }: Settlement) {
    needs.requests.add(requestId);
  },
  recordAttempt(needs: Needs, { requestId }: ReconcileAttempt) {
    needs.requests.add(requestId);
  },
  recordSuppressed(needs: Needs, limit: number) {
    needs.overs.suppressions += Math.max(0, limit) + 1;
  },
  countRead(needs: Needs) {
    needs.readers = true;
  },
  recordReads(needs: Needs, limit: number) {
    needs.overs.reads += Math.max(0, limit) + 1;
  },
  recordChanges(needs: Needs, reports: readonly ChangeReport[]) {
    for (const report of reports) {
      const subject = subjectOf(report);
      if (subject !== null) needs.changes.add(subject);
      if (report.change.what === 'policy_taken') needs.policies.add(report.change.to);
    }
  },
} as const;
