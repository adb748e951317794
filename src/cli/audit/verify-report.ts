/** The report of `audit verify`: its type, which is the shape of the JSON document, and its rendering as text. Pure. */
import { OTHER_LINES } from '../../audit/line-forms/other-lines.ts';
import type { TrailReport } from '../../audit/verify/verify-trail.ts';
import { counted, printable } from '../command-line/text.ts';
import type { Paint } from '../deps.ts';
import { linesIn } from './delivered-lines.ts';
import type { LineTally } from './delivered-lines.ts';

export interface VerifyReport {
  readonly verdict: TrailReport['verdict'];
  readonly ledger: TrailReport | null;
  readonly lines:
    | (TrailReport & {
        /** The number of lines without a record or a checkpoint. */
        readonly skipped: number;
        readonly read: LineTally;
      })
    | null;
}

/** The number of findings shown of each source; --json has more. */
const MAX_SHOWN = 50;

export function renderVerify({ ledger, lines }: VerifyReport, paint: Paint): string {
  return [
    ledger === null ? '' : renderSource('Ledger', ledger, paint),
    lines === null ? '' : renderSource('Delivered lines', lines, paint),
    ...(lines === null ? [] : readNotes(lines.read).map((note) => `  ${printable(note)}\n`)),
  ].join('');
}

/** What was read and in which forms, and what carried no record. */
function readNotes({ files, lines, forms, others }: LineTally): string[] {
  const from = files.length < 2 ? '' : ` of ${files.length} files, in the order of their records (${files.join(', ')})`;
  const trail = `${linesIn(forms)} of the trail${forms.length === 0 ? '' : ` (${forms.map(ofForm).join(', ')})`}`;
  const left = others.map(({ what, lines: some, first }) => {
    const [one, many] = OTHER_LINES[what];
    return `  ${counted(some, one, many)}, first ${first}`;
  });
  return [
    `Read ${counted(lines, 'line', 'lines')}${from}: ${trail}, ${counted(linesIn(others), 'other line', 'other lines')}`,
    ...left,
  ];
}

function ofForm({ form, lines }: LineTally['forms'][number]): string {
  return `${lines} ${form}`;
}

const COLOURS = { intact: 'green', newer: 'yellow', broken: 'red' } as const;

function renderSource(title: string, report: TrailReport, paint: Paint): string {
  const { verdict, findings, findings_total: total } = report;
  const head = paint(COLOURS[verdict], verdict);
  const faults = total === 0 ? '' : `, ${counted(total, 'fault', 'faults')}`;
  const shown = findings.slice(0, MAX_SHOWN);
  return [
    `${head} ${paint('bold', title)}: ${extent(report)}${faults}\n`,
    ...shown.map(({ place, message }) => `  - ${paint('bold', printable(place))} ${printable(message)}\n`),
    total > shown.length ? `  … and ${total - shown.length} more\n` : '',
    ...notes(report).map((note) => `  ${note}\n`),
  ].join('');
}

function extent({ from, to, records, checkpoints, repeats }: TrailReport): string {
  const range = from === null || to === null ? 'no record' : `records ${from} to ${to} (${records})`;
  const again = repeats === 0 ? '' : `, ${counted(repeats, 'repeat', 'repeats')}`;
  return `${range}, ${counted(checkpoints, 'checkpoint', 'checkpoints')}${again}`;
}

/** What was proven and what was not, so that a reader does not confuse the two. */
function notes(report: TrailReport): string[] {
  const { to, base, not_here: notHere, vouched_to: vouched, signed_to: signed, signatures, verdict } = report;
  const { checkpoints_before: before, clock_steps_back: steps, newer } = report;
  const intact = verdict !== 'broken';
  return [
    ...(newer === null ? [] : [newerLines(newer)]),
    ...(to === null
      ? []
      : vouched === null
        ? [
            `Nothing kept elsewhere vouches for the end: a cut ${signed === null ? 'or rewritten ' : ''}tail would not show (see --checkpoint)`,
          ]
        : intact
          ? [
              `Up to record ${vouched} a checkpoint kept elsewhere vouches for it; of what came later, a cut would not show`,
            ]
          : []),
    ...(steps.records === 0
      ? []
      : [
          `The machine’s clock was set back before ${counted(steps.records, 'record', 'records')}, first before record ${steps.first}; \`seq\` is the order`,
        ]),
    ...(intact && signed !== null ? [`Up to record ${signed} it is as the holder of the key signed it`] : []),
    ...(notHere === null ? [] : [absence(notHere.to, base, before)]),
    ...(signatures.unchecked === 0
      ? []
      : [`${counted(signatures.unchecked, 'signature', 'signatures')} not checked: give --public-key`]),
    ...(signatures.valid === 0 ? [] : [counted(signatures.valid, 'valid signature', 'valid signatures')]),
  ];
}

function newerLines({ lines, from, to }: NonNullable<TrailReport['newer']>): string {
  const records = from === to ? `record ${from}` : `records ${from} to ${to}`;
  return (
    `${counted(lines, 'line', 'lines')} (${records}) ${lines === 1 ? 'is' : 'are'} newer than this program knows. ` +
    'Hashes and signatures were verified, but not the searchable part of these lines: verify with the newer program'
  );
}

function absence(to: number, base: TrailReport['base'], before: number): string {
  const records = to === 1 ? 'Record 1 is' : `Records 1 to ${to} are`;
  const kept = before === 0 ? '' : `, though ${counted(before, 'checkpoint speaks', 'checkpoints speak')} of them`;
  const unproven = base === 'unconfirmed' || base === 'source';
  return `${records} not here${kept}${unproven ? `; no checkpoint kept elsewhere vouches for record ${to}, on which the rest stands` : ''}`;
}
