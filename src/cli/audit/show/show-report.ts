/** The report of `audit show`: its type, which is the shape of the JSON document, and its rendering as text. Pure. */
import { instantWords, listWords } from '../../../invite/story/words.ts';
import type { StoryEvent } from '../../../invite/story/story-event.ts';
import { counted, printable } from '../../command-line/text.ts';
import { hanging } from '../../command-line/wrap.ts';
import type { CliDeps } from '../../deps.ts';
import type { LineTally } from '../delivered-lines.ts';
import type { DamagedLine, RequestRecords } from './request-records.ts';
import { SERVICE_NAME } from '../../../config/service.ts';

export type ShowSource =
  /** `dropped`: the last record that retention dropped; 0: none. */
  | { readonly kind: 'ledger'; readonly path: string; readonly dropped: number }
  | { readonly kind: 'lines'; readonly read: LineTally };

export interface ShowReport {
  readonly request_id: string;
  readonly source: ShowSource;
  readonly searched: { readonly from: number | null; readonly to: number | null };
  /** The seqs of the records of the story; of each, text and hash agree. */
  readonly records: readonly number[];
  /** The numbers that two different records have. */
  readonly conflicts: readonly number[];
  readonly damaged: readonly DamagedLine[];
  readonly unknown: RequestRecords['unknown'];
  readonly events: readonly StoryEvent[];
  /** The digests of the policies that decided. */
  readonly policies: readonly string[];
  /** W3C Trace Context; a repeat has one of its own. */
  readonly trace_ids: readonly string[];
}

export function renderShow(report: ShowReport, { paint, terminal }: Pick<CliDeps, 'paint' | 'terminal'>): string {
  const { request_id: id, source, records, conflicts, damaged, events, policies, trace_ids: traceIds } = report;
  const width = terminal.width();
  const paragraph = (text: string): string => hanging('', printable(text), width);
  const warning = (word: string, text: string): string =>
    hanging(`${paint('red', word)} `, printable(text), width, word.length + 1);
  const some = records.length === 1 ? 'record' : 'records';
  return [
    `${paint('bold', `Request ${id}`)}\n`,
    paragraph(
      records.length === 0
        ? `No record of it in ${placeOf(source)} verifies.`
        : `From ${placeOf(source)}: ${some} ${listWords(records.slice(0, MAX_SEQS).map(String), records.length)}. Of each, text and hash agree. All times are UTC.`,
    ),
    events.length === 0 ? '' : '\n',
    ...events.map((event) => eventLine(event, width)),
    '\n',
    ...conflicts.map((seq) => warning('Two texts', `have the number ${seq}. One is forged; both are shown.`)),
    ...damaged.map((one) => warning('Damaged:', damagedWords(one))),
    ...unknownWords(report).map(paragraph),
    ...policies.map((digest) => `Policy sha256:${digest}\n`),
    ...traceIds.map((traceId) => `Trace ${traceId}\n`),
    paragraph('Not checked: that no record is missing, and that none was changed together with its hash. For proof:'),
    `  ${printable(proofCommand(source))}\n`,
  ].join('');
}

const MAX_SEQS = 20;
const TIME_WIDTH = '2026-03-02 10:00:00.000'.length;
const SEQ_WIDTH = 7;

/** Time, seq, and the sentences in a column of their own. */
function eventLine({ seq, at, message }: StoryEvent, width: number): string {
  const time = at === null ? '' : columnTime(at);
  return hanging(`${time.padEnd(TIME_WIDTH)} ${String(seq).padStart(SEQ_WIDTH)}  `, printable(message), width);
}

/** With milliseconds, without the zone, which the head of the report names. */
export function columnTime(at: string): string {
  const match = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2}\.\d{3})Z$/.exec(at);
  return match === null ? instantWords(at) : `${match[1]} ${match[2]}`;
}

function damagedWords({ seq, place, why }: DamagedLine): string {
  return `${seq === null ? 'a record' : `record ${seq}`} at ${place} names this request, and ${why}. Its content is not shown.`;
}

function unknownWords({ unknown: { lines, first }, source }: ShowReport): string[] {
  if (lines === 0) return [];
  const what = source.kind === 'ledger' ? counted(lines, 'record', 'records') : counted(lines, 'line', 'lines');
  return [`${what} of the trail cannot be read (first ${first}), and may belong to this request.`];
}

function placeOf(source: ShowSource): string {
  return source.kind === 'ledger' ? `the ledger ${source.path}` : `delivered lines (${source.read.files.join(', ')})`;
}

function proofCommand(source: ShowSource): string {
  const options =
    source.kind === 'ledger'
      ? [`--ledger ${shellWord(source.path)}`]
      : source.read.files.map((file) => `--lines ${shellWord(file)}`);
  return `${SERVICE_NAME} audit verify ${options.join(' ')} --public-key FILE --checkpoint FILE`;
}

/** As a shell takes it. */
function shellWord(text: string): string {
  if (text === 'stdin') return '-';
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
