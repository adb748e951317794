/**
 * `audit show REQUEST_ID`: what became of one request, as sentences with times, from the records of a ledger or of
 * delivered lines. It says which records it read and whether each verifies. It is no proof that nothing is missing:
 * `audit verify` is. Reads only.
 */
import type { StoryLine } from '../../../invite/story/story-event.ts';
import { tellStory } from '../../../invite/story/tell-story.ts';
import { UUID } from '../../../lib/uuid.ts';
import { CommandError } from '../../command-line/command-error.ts';
import type { Call, Command } from '../../command-line/command.ts';
import { JSON_OPTION, printReport } from '../../command-line/json-option.ts';
import { counting, withProgress } from '../../command-line/progress.ts';
import { counted } from '../../command-line/text.ts';
import type { CliDeps } from '../../deps.ts';
import { readLedgerRecords } from '../../ledger/read-trail.ts';
import type { LineTally } from '../delivered-lines.ts';
import { createRequestRecords } from './request-records.ts';
import type { RequestRecords } from './request-records.ts';
import { renderShow } from './show-report.ts';
import type { ShowReport, ShowSource } from './show-report.ts';
import { TRAIL_OPTIONS, withTrail } from '../trail-choice.ts';

export const auditShow: Command = {
  name: 'audit show',
  summary: 'Tell what became of one request, in sentences with times, from its audit records.',
  about: [
    'Reads the records of a ledger, or delivered lines, and tells in order: who asked for what, what the policy decided, which ' +
      'Galileo key was used and what Galileo answered, how the request ended, who settled an unknown outcome, and every ' +
      'repeat with the same Idempotency-Key. All times are UTC. The story holds people’s addresses as the trail does; ' +
      'characters that a terminal would obey are shown as their code points.',
    'A record counts only when its text and its hash agree. A damaged record that still names the request is listed with its ' +
      'place, and its content is not shown. That nothing is missing, and that no record was changed together with its ' +
      'hash, only audit verify can prove; the answer ends with the command for it.',
  ],
  operands: [{ name: 'REQUEST_ID', about: 'The X-Request-Id of the request.' }],
  options: { ...TRAIL_OPTIONS, json: JSON_OPTION },
  exits: {
    ok: 'Every record of the story verifies.',
    failed: 'There is no such request here, or a record of it is damaged, or there twice with different texts.',
    refused: 'The ledger or a file cannot be read.',
  },
  examples: [
    { line: 'audit show ID', does: 'from the ledger of this environment' },
    { line: 'audit show ID --lines may.ndjson.gz --lines june.ndjson.gz', does: 'from what a collector received' },
  ],
  async run(call, deps) {
    const id = (call.operands[0] ?? '').toLowerCase();
    if (!UUID.test(id)) throw new CommandError('usage', 'REQUEST_ID is the X-Request-Id of a request, a UUID');
    const { source, records } = await findRecords(id, call, deps);
    if (records.lines.length === 0 && records.damaged.length === 0)
      throw new CommandError('failed', notFound(id, source, records));
    const report = reportOf(id, source, records);
    await printReport(call, deps, report, () => renderShow(report, deps));
    return report.damaged.length === 0 && report.conflicts.length === 0 ? 'ok' : 'failed';
  },
};

interface Found {
  readonly source: ShowSource;
  readonly records: RequestRecords;
}

async function findRecords(id: string, call: Call, deps: CliDeps): Promise<Found> {
  const collector = createRequestRecords(id);
  return await withTrail<Found>(call, deps, {
    async ledger(reader, path) {
      const { base, head } = await reader.chain();
      const row = { doing: 'Searching', unit: 'records', total: head.seq - base.seq };
      await withProgress(row, { call, deps }, async (progress) => {
        for await (const { number, line } of counting(readLedgerRecords(reader, base.seq), progress))
          collector.takeStored(number, line);
      });
      return { source: { kind: 'ledger', path, dropped: base.seq }, records: collector.end() };
    },
    async lines(lines, tally) {
      for await (const line of lines) collector.take(line);
      return { source: { kind: 'lines', read: tally() }, records: collector.end() };
    },
  });
}

function reportOf(id: string, source: ShowSource, records: RequestRecords): ShowReport {
  const { lines, damaged, unknown, from, to } = records;
  const seqs = lines.map(({ seq }) => seq);
  return {
    request_id: id,
    source,
    searched: { from, to },
    records: [...new Set(seqs)],
    conflicts: [...new Set(seqs.filter((seq, index) => seqs.indexOf(seq) !== index))],
    damaged,
    unknown,
    // This is the audit tool: all addresses are shown, in the form that is recorded.
    events: tellStory(id, lines, { sees: 'everything', addresses: Infinity }),
    ...namedIn(lines),
  };
}

/** What the records name that leads further, each once. */
function namedIn(lines: readonly StoryLine[]): Pick<ShowReport, 'policies' | 'trace_ids'> {
  const records = lines.map(
    ({ line }) => JSON.parse(line) as { readonly policy?: { readonly digest?: unknown }; readonly trace_id?: unknown },
  );
  const distinct = (values: readonly unknown[], form: RegExp): readonly string[] => [
    ...new Set(values.filter((value) => typeof value === 'string').filter((text) => form.test(text))),
  ];
  return {
    policies: distinct(
      records.map(({ policy }) => policy?.digest),
      /^[0-9a-f]{64}$/,
    ),
    trace_ids: distinct(
      records.map((record) => record.trace_id),
      /^[0-9a-f]{32}$/,
    ),
  };
}

/** Where was looked, and why a request that was made may not be there. */
function notFound(id: string, source: ShowSource, { countedIn, restores, unknown, from, to }: RequestRecords): string {
  const range =
    from === null || to === null ? 'no record' : from === to ? `record ${from}` : `records ${from} to ${to}`;
  const [only] = countedIn;
  return [
    `There is no record of request ${id} in ${placeOf(source)} (${range}).`,
    ...(only === undefined
      ? []
      : [`Record ${only} counts it among others that have no record of their own: audit search --outcome suppressed.`]),
    ...(source.kind === 'ledger' && source.dropped > 0
      ? [`Retention dropped records 1 to ${source.dropped}: look into the delivered lines (--lines).`]
      : []),
    ...restores.map(
      (seq) =>
        `Record ${seq} says that the ledger was restored from a backup: what was recorded between that backup and the ` +
        'restore is in the delivered lines of that time (--lines), and in the files that the restore kept.',
    ),
    ...(unknown.lines === 0
      ? []
      : [`${counted(unknown.lines, 'line is', 'lines are')} damaged, first ${unknown.first}: it may be there.`]),
    ...(only === undefined
      ? [
          'Requests without a record of their own: what was refused before a decision (400 to 422, 401), and refusals, replays and dry runs beyond the limit of their subject, which are only counted.',
        ]
      : []),
  ].join(' ');
}

function placeOf(source: ShowSource): string {
  return source.kind === 'ledger' ? `the ledger ${source.path}` : `the delivered lines of ${filesOf(source.read)}`;
}

function filesOf({ files }: LineTally): string {
  return files.join(', ');
}
