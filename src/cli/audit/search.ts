/**
 * `audit search`: prints the records that match filters, from a ledger or from delivered lines. Filters and matching are
 * those of POST /audit/search. Reads only. A record that cannot be read is named on stderr, because it may match.
 */
import { auditSearchSchema } from '../../audit/search-request.ts';
import { searchFilter } from '../../audit/search-filter.ts';
import { matchesFilter } from '../../audit/search.ts';
import type { SearchFilter } from '../../audit/search.ts';
import { readStoredLine } from '../../audit/stored-record.ts';
import { placeText } from '../../audit/verify/findings.ts';
import type { TrailLine } from '../../audit/verify/verify-trail.ts';
import { rfc3339 } from '../../lib/rfc3339.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call, Command } from '../command-line/command.ts';
import { withProgress } from '../command-line/progress.ts';
import type { Progress, ProgressRow } from '../command-line/progress.ts';
import { counted } from '../command-line/text.ts';
import { readableConfig } from '../config/read-configuration.ts';
import type { CliDeps } from '../deps.ts';
import type { LedgerReader } from '../../ledger/ledger-reader.ts';
import { createLinePrinter, formatIn, formatOption, printedLine, sayWhenNone } from './format.ts';
import { readLines } from './line-files.ts';
import { PERIOD_OPTIONS, periodIn } from './period.ts';
import { TRAIL_OPTIONS, withTrail } from './trail-choice.ts';

export const auditSearch: Command = {
  name: 'audit search',
  summary: 'Print the audit records that match filters, from a ledger or from delivered lines.',
  about: [
    'The filters are those of POST /audit/search, and a record must match all of them; without a filter every record matches. ' +
      'Addresses are compared without case. A record is printed once, also when it was delivered twice. It is printed as it ' +
      'is: what it says is not proven (audit verify proves it).',
    'An address on a command line is kept in the history of the shell, and other users of the machine see it. With --email - ' +
      'the address is the first line of stdin. Where addresses are recorded as HMACs, AUDIT_EMAILS and AUDIT_HMAC_KEY_FILE ' +
      'of the service must be set here, too; or give the form of the trail (hmac-sha256:…).',
  ],
  operands: [],
  options: {
    email: { value: 'ADDRESS', about: 'An invited address; - reads it from stdin.' },
    subject: { value: 'SUB', about: 'The caller’s sub, exact.' },
    'client-id': { value: 'CLIENT', about: 'The caller’s client, exact.' },
    kind: { value: 'KIND', about: 'The kind of record: intent, denial, outcome, change, read, …' },
    outcome: { value: 'RESULT', about: 'outcome.result of the record: accepted, denied, unknown, …' },
    rule: { value: 'ID', about: 'A rule or limit that decided about at least one address.' },
    'request-id': { value: 'ID', about: 'The X-Request-Id of a request; audit show tells its story.' },
    'trace-id': { value: 'ID', about: 'The trace_id of a log line: all requests that came with it.' },
    ...PERIOD_OPTIONS,
    format: formatOption('text'),
    ...TRAIL_OPTIONS,
  },
  exits: {
    ok: 'Searched to the end; there may have been no match.',
    failed: 'Searched to the end, but some records cannot be read, so it is not known whether they match.',
    refused: 'The ledger, a file or the key for addresses cannot be read.',
  },
  examples: [
    { line: 'audit search --kind change --month 2026-05', does: 'what changed in the service in May' },
    { line: 'audit search --outcome unknown --month 2026-05', does: 'what ended without an answer in May' },
    {
      line: 'audit search --email - --lines may.ndjson.gz --format native < address.txt',
      does: 'whatever was asked about one person, without the address in the history of the shell',
    },
  ],
  async run(call, deps) {
    const format = formatIn(call, 'text');
    const filter = await filterIn(call, deps);
    const print = createLinePrinter(deps);
    let printed = 0;
    const found: Matches = {
      async print(seq, line) {
        printed += 1;
        return (await print(printedLine(format, { kind: 'record', number: seq, line, madeAt: null }))) === 'printed';
      },
      unreadable: { records: 0, first: null },
      holdsHmac: false,
    };
    const showsProgress = !deps.audit.isTerminal();
    await withTrail(call, deps, {
      showsProgress,
      ledger: (reader) =>
        searchLedger(reader, filter, found, (row, task) =>
          withProgress(row, { call, deps, isShown: showsProgress }, task),
        ),
      lines: (lines) => searchLines(lines, filter, found),
    });
    await sayWhenNone(printed, deps);
    if (printed === 0 && found.holdsHmac && filter.email?.startsWith('hmac-sha256:') === false)
      await deps.printError(
        'The addresses in this trail are HMACs: set AUDIT_EMAILS=hmac and AUDIT_HMAC_KEY_FILE as the service does.\n',
      );
    const { records, first } = found.unreadable;
    if (records === 0) return 'ok';
    const what = records === 1 ? 'it matches' : 'they match';
    await deps.printError(
      `${counted(records, 'record', 'records')} cannot be read (first ${first}): it is not known whether ${what}\n`,
    );
    return 'failed';
  },
};

interface Matches {
  /** False when stdout is closed. */
  print(seq: number, line: string): Promise<boolean>;
  readonly unreadable: { records: number; first: string | null };
  /** Whether an address of the trail is an HMAC. */
  holdsHmac: boolean;
}

const PAGE = 1_000;
const HMAC = '"hmac-sha256:';

async function searchLedger(
  reader: LedgerReader,
  filter: SearchFilter,
  found: Matches,
  inProgress: (row: ProgressRow, task: (progress: Progress) => Promise<void>) => Promise<void>,
): Promise<void> {
  const { base, head } = await reader.chain();
  const newest = await reader.records(Math.max(base.seq, head.seq - PAGE), PAGE);
  found.holdsHmac = newest.some(({ line }) => line.includes(HMAC));
  const row = { doing: 'Searching', unit: 'records', total: head.seq - base.seq };
  await inProgress(row, async (progress) => {
    for (let after = base.seq; ;) {
      const slice = await reader.search({ filter, after, limit: PAGE });
      for (const seq of slice.unreadable) missed(found, `ledger seq ${seq}`);
      for (const { seq, line } of slice.records) if (!(await found.print(seq, line))) return;
      progress.advance(slice.scannedTo - after);
      const turn = progress.turn();
      if (turn !== null) await turn;
      if (slice.done) return;
      after = slice.scannedTo;
    }
  });
}

async function searchLines(lines: AsyncIterable<TrailLine>, filter: SearchFilter, found: Matches): Promise<void> {
  const printed = new Set<string>();
  for await (const { item, place, native = null } of lines) {
    if (item.kind === 'checkpoint' || (item.kind === 'damaged' && item.what === 'checkpoint')) continue;
    if (item.kind === 'damaged' || native === null) {
      missed(found, placeText(place));
      continue;
    }
    found.holdsHmac ||= native.includes(HMAC);
    const read = readStoredLine(native);
    if (read.kind === 'unreadable') missed(found, placeText(place));
    else if (matchesFilter(read.record, filter) && !printed.has(item.hash)) {
      printed.add(item.hash);
      if (!(await found.print(item.seq, native))) return;
    }
  }
}

function missed({ unreadable }: Matches, place: string): void {
  unreadable.records += 1;
  unreadable.first ??= place;
}

/** Throws a CommandError that names the option, and quotes no value. */
async function filterIn(call: Call, deps: CliDeps): Promise<SearchFilter> {
  const { fromMs, toMs } = periodIn(call);
  const given = Object.fromEntries(
    ['email', 'subject', 'client-id', 'kind', 'outcome', 'rule', 'request-id', 'trace-id'].flatMap((name) =>
      typeof call.options[name] === 'string' ? [[name.replace('-', '_'), call.options[name]]] : [],
    ),
  );
  if (given['email'] === '-') given['email'] = await emailFromStdin(call, deps);
  const read = auditSearchSchema.safeParse({
    ...given,
    ...(fromMs === -Infinity ? {} : { from: rfc3339(fromMs) }),
    ...(toMs === Infinity ? {} : { to: rfc3339(toMs) }),
  });
  if (!read.success) {
    const [issue] = read.error.issues;
    const name = String(issue?.path[0] ?? '').replace('_', '-');
    throw new CommandError('usage', `--${name}: ${(issue?.message ?? '').replace('Value error, ', '')}`);
  }
  const recordAddress =
    read.data.email === undefined
      ? (email: string) => email
      : await deps.openRecordAddress((await readableConfig(deps)).settings);
  return searchFilter(read.data, recordAddress);
}

async function emailFromStdin({ lists }: Call, { audit }: CliDeps): Promise<string> {
  if ((lists['lines'] ?? []).includes('-')) throw new CommandError('usage', 'stdin can be read only once');
  for await (const { text } of readLines('-', audit)) return text.trim();
  throw new CommandError('usage', '--email -: stdin is empty');
}
