import * as z from 'zod';
import { judgeChange, NEVER_CHANGED, subjectOf } from '../records/change-report.ts';
import type { ChangeAnswer, ChangeReport, LastChange } from '../records/change-report.ts';
import { assertKeepable, keepPolicy, keepsPolicy } from './policies.ts';
import type { SqlitePort } from './sqlite-port.ts';
import type { Journal } from './trail/journal.ts';

/**
 * Records changes (change-report.ts). `last_changes` has one row for each subject: the value that the last record gives
 * it. The row, the record and the text of a policy are written in one transaction.
 */
export interface Changes {
  /** `now` is the ledger's clock. One answer for each report, in order. */
  record(reports: readonly ChangeReport[], now: number): readonly ChangeAnswer[];
}

export type ChangeRow = { value: string | null; earlier: string; changed_at: number };

const earlierValues = z.array(z.string());

/** What is stored of changes. */
export interface ChangeRows {
  last(subject: string): ChangeRow | undefined;
  remember(subject: string, row: ChangeRow): void;
  keepsPolicy(digest: string): boolean;
  /** The text is one that may be kept (assertKeepable). */
  keepPolicy(digest: string, document: string): void;
}

export function createChanges(rows: ChangeRows, journal: Pick<Journal, 'append'>): Changes {
  function readLast(subject: string): LastChange {
    const row = rows.last(subject);
    if (row === undefined) return NEVER_CHANGED;
    return { value: row.value, earlier: earlierIn(row.earlier), changedAt: row.changed_at };
  }

  function recordOne(report: ChangeReport, now: number): ChangeAnswer {
    const { change, service } = report;
    if (change.what === 'policy_taken' && !rows.keepsPolicy(change.to)) {
      if (change.document === null) return 'document_needed';
      assertKeepable(change.to, change.document);
      rows.keepPolicy(change.to, change.document);
    }
    const subject = subjectOf(report);
    const verdict = judgeChange(report, subject === null ? NEVER_CHANGED : readLast(subject), now);
    if (verdict.kind !== 'recorded') return verdict.kind;
    journal.append({ kind: 'change', change: verdict.change, service });
    if (subject !== null && verdict.last !== null) {
      const { value, earlier, changedAt } = verdict.last;
      rows.remember(subject, { value, earlier: JSON.stringify(earlier), changed_at: changedAt });
    }
    return 'recorded';
  }

  return { record: (reports, now) => reports.map((report) => recordOne(report, now)) };
}

export function createChangeRows(sqlite: SqlitePort, journal: Pick<Journal, 'writeHead'>): ChangeRows {
  return {
    last: (subject) =>
      sqlite.run<ChangeRow>(`SELECT value, earlier, changed_at FROM last_changes WHERE subject = ?`, subject)[0],
    remember(subject, { value, earlier, changed_at: changedAt }) {
      sqlite.run(
        `INSERT INTO last_changes (subject, value, earlier, changed_at) VALUES (?, ?, ?, ?)
         ON CONFLICT (subject) DO UPDATE SET value = excluded.value, earlier = excluded.earlier, changed_at = excluded.changed_at`,
        ...[subject, value, earlier, changedAt],
      );
    },
    keepsPolicy: (digest) => keepsPolicy(sqlite, digest),
    keepPolicy(digest, document) {
      journal.writeHead();
      keepPolicy(sqlite, digest, document);
    },
  };
}

/** The last value on record by subject. */
export function readLastChanges(sqlite: SqlitePort): ReadonlyMap<string, string | null> {
  const rows = sqlite.run<Pick<ChangeRow, 'value'> & { subject: string }>(`SELECT subject, value FROM last_changes`);
  return new Map(rows.map(({ subject, value }) => [subject, value]));
}

/** A damaged list costs a record too many, and no more. */
function earlierIn(text: string): readonly string[] {
  try {
    return earlierValues.parse(JSON.parse(text));
  } catch {
    return [];
  }
}
