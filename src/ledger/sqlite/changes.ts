import * as z from 'zod';
import { judgeChange, NEVER_CHANGED, subjectOf } from '../change-report.ts';
import type { ChangeAnswer, ChangeReport, LastChange } from '../change-report.ts';
import { keepPolicy, keepsPolicy } from './policies.ts';
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

type Row = { value: string | null; earlier: string; changed_at: number };

const earlierValues = z.array(z.string());

export function createChanges(sqlite: SqlitePort, journal: Journal): Changes {
  function readLast(subject: string): LastChange {
    const row = sqlite.run<Row>(`SELECT value, earlier, changed_at FROM last_changes WHERE subject = ?`, subject)[0];
    if (row === undefined) return NEVER_CHANGED;
    return { value: row.value, earlier: earlierIn(row.earlier), changedAt: row.changed_at };
  }

  function remember(subject: string, { value, earlier, changedAt }: LastChange): void {
    sqlite.run(
      `INSERT INTO last_changes (subject, value, earlier, changed_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (subject) DO UPDATE SET value = excluded.value, earlier = excluded.earlier, changed_at = excluded.changed_at`,
      subject,
      value,
      JSON.stringify(earlier),
      changedAt,
    );
  }

  function recordOne(report: ChangeReport, now: number): ChangeAnswer {
    const { change, service } = report;
    if (change.what === 'policy_taken' && !keepsPolicy(sqlite, change.to)) {
      if (change.document === null) return 'document_needed';
      journal.writeHead();
      keepPolicy(sqlite, change.to, change.document);
    }
    const subject = subjectOf(report);
    const verdict = judgeChange(report, subject === null ? NEVER_CHANGED : readLast(subject), now);
    if (verdict.kind !== 'recorded') return verdict.kind;
    journal.append({ kind: 'change', change: verdict.change, service });
    if (subject !== null && verdict.last !== null) remember(subject, verdict.last);
    return 'recorded';
  }

  return { record: (reports, now) => reports.map((report) => recordOne(report, now)) };
}

/** The last value on record by subject. */
export function readLastChanges(sqlite: SqlitePort): ReadonlyMap<string, string | null> {
  const rows = sqlite.run<Pick<Row, 'value'> & { subject: string }>(`SELECT subject, value FROM last_changes`);
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
