/** The report of `audit verify`: its type, which is the shape of the JSON document, and its rendering as text. Pure. */
import { OTHER_LINES } from '../../audit/line-forms/other-lines.ts';
import type { PolicySummary } from '../../audit/verify/tables/kept-policies.ts';
import type { Proof, ProvenRange } from '../../audit/verify/proof.ts';
import type { TrailReport } from '../../audit/verify/verify-trail.ts';
import { counted, printable } from '../command-line/text.ts';
import { renderTable } from '../command-line/table.ts';
import { hanging } from '../command-line/wrap.ts';
import type { CliDeps, Paint } from '../deps.ts';
import { linesIn } from './delivered-lines.ts';
import type { LineTally } from './delivered-lines.ts';

export interface VerifyReport {
  readonly verdict: TrailReport['verdict'];
  readonly ledger: (TrailReport & { readonly policies: PolicySummary }) | null;
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

export function renderVerify(
  { ledger, lines }: VerifyReport,
  { paint, terminal }: Pick<CliDeps, 'paint' | 'terminal'>,
): string {
  const page: Page = { paint, width: terminal.width() };
  return [
    ledger === null ? '' : renderSource('Ledger', ledger, { read: [], missing: policyNotes(ledger.policies) }, page),
    lines === null ? '' : renderSource('Delivered lines', lines, { read: readNotes(lines.read), missing: [] }, page),
  ].join('');
}

interface Page {
  readonly paint: Paint;
  /** In columns. */
  readonly width: number;
}

const INDENT = '  ';

/** Wrapped, with the further lines indented. An item of a list keeps its own indent. */
function paragraph(text: string, { width }: Page): string {
  const own = /^ */.exec(text)?.[0] ?? '';
  const before = INDENT + own;
  return hanging(before, printable(text.trimStart()), width, before.length + INDENT.length);
}

const MAX_DIGESTS_SHOWN = 3;

function policyNotes({ not_kept: missing }: PolicySummary): string[] {
  if (missing.length === 0) return [];
  const shown = missing.slice(0, MAX_DIGESTS_SHOWN).map((digest) => digest.slice(0, 12));
  const more = missing.length > shown.length ? ', …' : '';
  const about = counted(missing.length, 'policy', 'policies');
  return [`Not checked: ${about} that records name and the ledger does not keep (${shown.join(', ')}${more})`];
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

const COLOURS = { intact: 'green', newer: 'yellow', unproven: 'yellow', broken: 'red' } as const;

function renderSource(
  title: string,
  report: TrailReport,
  { read, missing }: { readonly read: readonly string[]; readonly missing: readonly string[] },
  page: Page,
): string {
  const { verdict, findings, findings_total: total } = report;
  const { paint } = page;
  const head = paint(COLOURS[verdict], verdict);
  const faults = total === 0 ? '' : `, ${counted(total, 'fault', 'faults')}`;
  const shown = findings.slice(0, MAX_SHOWN);
  const { facts: found, unchecked: others } = notes(report);
  const facts = [...found, ...read];
  const unchecked = [...others, ...missing];
  return [
    `${head} ${paint('bold', title)}: ${extent(report)}${faults}\n`,
    shown.length === 0 ? '' : `\n${findingTable(shown, page)}`,
    total > shown.length ? `${INDENT}… and ${total - shown.length} more (--json lists up to 1,000)\n` : '',
    shown.length > 0 && facts.length > 0 ? '\n' : '',
    ...facts.map((note) => paragraph(note, page)),
    unchecked.length > 0 ? '\n' : '',
    ...unchecked.map((note) => paragraph(note, page)),
  ].join('');
}

/** Where it is, what it is, and why it is a fault. */
function findingTable(findings: TrailReport['findings'], { paint, width }: Page): string {
  const rows = findings.map(({ place, kind, message }) => [
    printable(place),
    kind.replaceAll('_', ' '),
    printable(message),
  ]);
  const bold = (cell: string, column: number): string => (column === 0 ? paint('bold', cell) : cell);
  return renderTable(['place', 'what', 'why'], rows, { width, indent: INDENT, paint: bold });
}

function extent({ from, to, records, checkpoints, repeats }: TrailReport): string {
  const range = from === null || to === null ? 'no record' : `records ${from} to ${to} (${records})`;
  const again = repeats === 0 ? '' : `, ${counted(repeats, 'repeat', 'repeats')}`;
  return `${range}, ${counted(checkpoints, 'checkpoint', 'checkpoints')}${again}`;
}

/** What is proven and against what, what is not, and, apart from that, what was not checked. Of a broken trail nothing is proven. */
function notes(report: TrailReport): { readonly facts: readonly string[]; readonly unchecked: readonly string[] } {
  const { to, base, not_here: notHere, signatures, verdict, proof, checkpoints_before: before } = report;
  const { clock_steps_back: steps, newer, restores } = report;
  const isSound = verdict !== 'broken';
  const facts = [
    ...(isSound ? proof.proven.map((range) => `Proven: ${provenRange(range, signatures.valid)}`) : []),
    ...(isSound && verdict === 'unproven' ? [UNPROVEN] : []),
    ...(isSound && proof.not_vouched !== null ? [notVouched(proof.not_vouched)] : []),
    ...(to === null ? [] : [cutNote(proof.cut_shows_to, to)]),
    ...(notHere === null ? [] : [absence(notHere.to, base, before)]),
    ...restores.slice(0, MAX_RESTORES_SHOWN).map(restoredNote),
    ...(restores.length <= MAX_RESTORES_SHOWN ? [] : [`Restored: ${restores.length - MAX_RESTORES_SHOWN} times more`]),
    ...(steps.records === 0
      ? []
      : [
          `The machine’s clock was set back before ${counted(steps.records, 'record', 'records')}, first before record ${steps.first}; \`seq\` is the order`,
        ]),
  ];
  const unchecked = [
    ...(newer === null ? [] : [newerLines(newer)]),
    ...(signatures.unchecked === 0
      ? []
      : [`Not checked: ${counted(signatures.unchecked, 'signature', 'signatures')}; give --public-key`]),
  ];
  return { facts, unchecked };
}

const MAX_RESTORES_SHOWN = 10;

function restoredNote({ seq, at, backup_time: last, former }: TrailReport['restores'][number]): string {
  const when = at === null ? '' : ` at ${at}`;
  const from = last === null ? 'a backup' : `a backup whose last record is of ${last}`;
  return `Restored: record ${seq} says that the ledger was restored${when} from ${from}. ${formerNote(former)}`;
}

function formerNote(former: TrailReport['restores'][number]['former']): string {
  if (former === null) return 'Records of before the restore that are not in the backup are not here';
  const { from, to, vouched_to: vouched } = former;
  const proven = vouched === null ? '' : `, proven up to record ${vouched}`;
  return `The delivered lines have ${from === to ? `record ${from}` : `records ${from} to ${to}`} of before it${proven}`;
}

const UNPROVEN =
  'Not proven: too few records are covered by a valid signature of a given key: the others could have been written anew';

function provenRange({ from, to, against }: ProvenRange, valid: number): string {
  const evidence =
    against === 'signature'
      ? `unchanged since ${counted(valid, 'checkpoint was', 'checkpoints were')} signed with a given key`
      : 'unchanged since a checkpoint was kept elsewhere';
  return `${recordRange(from, to)} ${evidence}`;
}

function notVouched({ from, to }: NonNullable<Proof['not_vouched']>): string {
  return `Not proven: ${recordRange(from, to)} behind every signed or kept checkpoint: a rewrite would not show`;
}

function cutNote(shownTo: number | null, to: number): string {
  if (shownTo === null) return 'Not proven: that nothing was cut off at the end; give --checkpoint';
  return shownTo >= to
    ? `Proven: nothing was cut off before record ${shownTo}; of later records a cut would not show`
    : `Not proven: that nothing was cut off behind record ${shownTo}`;
}

function recordRange(from: number, to: number): string {
  return from === to ? `record ${from} is` : `records ${from} to ${to} are`;
}

function newerLines({ lines, from, to }: NonNullable<TrailReport['newer']>): string {
  const records = from === to ? `record ${from}` : `records ${from} to ${to}`;
  return (
    `Not checked: the searchable part of ${counted(lines, 'line', 'lines')} (${records}), newer than this program knows. ` +
    'Hashes and signatures were verified, the rows of their requests were not; verify with the newer program'
  );
}

function absence(to: number, base: TrailReport['base'], before: number): string {
  const records = to === 1 ? 'Record 1 is' : `Records 1 to ${to} are`;
  const kept = before === 0 ? '' : `, though ${counted(before, 'checkpoint speaks', 'checkpoints speak')} of them`;
  const unproven = base === 'unconfirmed' || base === 'source';
  return `${records} not here${kept}${unproven ? `; no checkpoint kept elsewhere vouches for record ${to}, which the rest continues` : ''}`;
}
