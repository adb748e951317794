/** The report of `ledger restore` and of `ledger adopt`: its type, which is the shape of the JSON document, and its rendering as text. Pure. */
import { durationWords } from '../../lib/text/duration-words.ts';
import { counted, printable } from '../command-line/text.ts';
import type { Paint } from '../deps.ts';

export interface RestoreReport {
  readonly ledger: string;
  /** Null: it was restored with the tools of its server. */
  readonly backup: string | null;
  /** How many records the backup holds. */
  readonly records: number;
  /** The last of them. */
  readonly head: { readonly seq: number; readonly hash: string };
  readonly last_record_at: string | null;
  /** The seq of the record that says `restored`. */
  readonly recorded_as: number;
  /** The files that were there before. */
  readonly kept: readonly string[];
  /** The time that the restored ledger knows nothing of; `from` is null when the backup holds no record. */
  readonly forgotten: { readonly from: string | null; readonly to: string };
}

export function renderRestored(report: RestoreReport, paint: Paint): string {
  const { ledger, backup, records, last_record_at: last, recorded_as: seq, kept } = report;
  const lines = [
    ...(kept.length === 0 ? [] : [`The files that were there are kept: ${kept.map(printable).join(', ')}`]),
    `Record ${seq} says that the ledger was restored.`,
    `Forgotten: ${windowOf(report)}.`,
    '- An Idempotency-Key of that time is unknown: a repeat of its request is sent again.',
    '- Quotas that were spent in that time are free again.',
    '- Requests that were open in the backup become unknown when the service runs. They are not sent again.',
    '- Each sink gets records again from its place in the backup. A repeat has the same id.',
    `- Records of that time are in the delivered lines only, and in ${backup === null ? 'what you kept of the old database' : 'the files that were kept'}.`,
    `Next: audit verify --ledger ${printable(ledger)} --lines FILE… says whether the delivered lines have them.`,
  ];
  const of = last === null ? '' : `, the last of ${last}`;
  return (
    `${paint('green', 'restored')} ${printable(ledger)}${backup === null ? '' : ` from ${printable(backup)}`}: ${counted(records, 'record', 'records')}${of}\n` +
    lines.map((line) => `  ${line}\n`).join('')
  );
}

function windowOf({ forgotten: { from, to } }: RestoreReport): string {
  if (from === null) return `everything up to ${to}, because the backup holds no record`;
  const seconds = (Date.parse(to) - Date.parse(from)) / 1000;
  return `what happened from ${from} to ${to} (${durationWords(Math.max(0, seconds))})`;
}
