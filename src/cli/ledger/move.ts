/**
 * `ledger move`: carries a stopped ledger from its file to PostgreSQL, in one transaction, and verifies it on both sides. The
 * file then gets another name, and a text takes its place, so that no service is started with it by mistake.
 */
import { rfc3339 } from '../../lib/rfc3339.ts';
import { ledgerName } from '../../platform/node/ledger/chosen-ledger.ts';
import type { UnfinishedMove } from '../../platform/node/ledger/move/begin-move.ts';
import { MoveRefusedError } from '../../platform/node/ledger/move/source-file.ts';
import type { ServerLedger } from '../../platform/node/ledger/postgres/access.ts';
import { PUBLIC_KEY_OPTION, readPublicKeys } from '../audit/public-keys.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call, Command } from '../command-line/command.ts';
import { JSON_OPTION, printReport } from '../command-line/json-option.ts';
import { withProgress } from '../command-line/progress.ts';
import { counted, printable } from '../command-line/text.ts';
import type { CliDeps, Paint } from '../deps.ts';
import { droppedBefore, RETENTION_OPTION } from './retention.ts';
import { stampOf } from './stamp.ts';
import { refuseUnproven, verifyReader } from './verify-copy.ts';
import type { CopyFacts, ReaderCheck } from './verify-copy.ts';
import { readLedgerText } from './with-ledger.ts';

export const ledgerMove: Command = {
  name: 'ledger move',
  summary: 'Carry a stopped ledger from its file to PostgreSQL, verified on both sides.',
  about: [
    'Stop the service first: a ledger that is in use is refused, and so is a target that holds another ledger. The file is verified: every ' +
      'page, the whole chain, every checkpoint, with --public-key the signatures, and the tables. Then all rows are carried in one transaction, ' +
      'compared one by one, and verified again in the target, before it is committed. The head is the same, so the trail goes on: nothing is ' +
      'forgotten, and no record is needed that says so. Keys, quotas, stored answers, the places of the sinks and the salt of sign-ins come along.',
    'Afterwards the file is LEDGER.moved-TIME, and a text is in its place that says where the ledger is: a service that is ' +
      'started with the old LEDGER_URL refuses. Keep the file until the service runs on PostgreSQL, then put it where your backups are.',
    'A move that is killed or fails leaves the file as it was, and the target empty or complete. The same command again carries on: of a ' +
      'complete target it compares every row, and takes the file away.',
    'The way back is open until a service has started on PostgreSQL: put the file back under its name. After that the trail ' +
      'in the file would be a fork, and there is no move from PostgreSQL to a file.',
  ],
  operands: [
    {
      name: 'SOURCE',
      about: 'A ledger file, as in LEDGER_URL; sqlite: in front may stay. Its schema is that of this program.',
    },
    {
      name: 'TARGET',
      about:
        'postgres://…, as in LEDGER_URL; the password is in LEDGER_PASSWORD_FILE. Its schema is empty, or is created.',
    },
  ],
  options: {
    'public-key': PUBLIC_KEY_OPTION,
    'retention-days': RETENTION_OPTION,
    json: JSON_OPTION,
  },
  exits: {
    ok: 'The target has the whole ledger, and the file is out of the way.',
    failed: 'The ledger does not verify, or the server did not confirm the end. The file is as it was.',
    newer: 'A part of the ledger is newer than this program knows. Nothing was changed; use the newer program.',
    unproven: 'The given --public-key does not prove the ledger. Nothing was changed.',
    refused: 'The ledger is in use, the target is not empty, or one of them cannot be used. The file is as it was.',
    io: 'The target has the whole ledger, and the file could not be renamed. The same command again tries that.',
  },
  examples: [
    {
      line: 'ledger move sqlite:./data/ledger.db postgres://invites@db.example.com/ledgers',
      does: 'the ledger of a stopped container',
    },
  ],
  async run(call, deps) {
    const [from = '', to = ''] = call.operands;
    const source = await readLedgerText(from, 'SOURCE', deps);
    const target = await readLedgerText(to, 'TARGET', deps);
    if (source.kind !== 'sqlite' || target.kind !== 'postgres')
      throw new CommandError(
        'usage',
        'a ledger moves from a file to PostgreSQL: give the file first, and the postgres:// URL behind it',
      );
    const report = await move(source.path, target, call, deps);
    await printReport(call, deps, report, () => rendered(report, deps.paint));
    return 'ok';
  },
};

interface MoveReport {
  readonly source: string;
  readonly target: string;
  /** How many records the ledger holds. */
  readonly records: number;
  /** The last of them. */
  readonly head: { readonly seq: number; readonly hash: string };
  /** Whether an earlier run had carried it. */
  readonly was_there: boolean;
  /** The rows of each table, each compared; null: a service has gone on with the target. */
  readonly rows: Readonly<Record<string, number>> | null;
  /** The name that the file has now. */
  readonly kept: string;
}

async function move(path: string, target: ServerLedger, call: Call, deps: CliDeps): Promise<MoveReport> {
  const check = {
    verifier: await readPublicKeys(call, deps),
    droppedBefore: await droppedBefore(call, deps),
  };
  let unfinished: UnfinishedMove | null = null;
  try {
    unfinished = await deps.moves.beginMove({ source: path, target });
    const facts = await verifyReader(
      unfinished.source,
      { name: 'the file', isWhole: unfinished.isWhole, ...check },
      { call, deps },
    );
    refuseUnproven(facts, 'the ledger');
    if (facts.records === 0)
      throw new CommandError(
        'refused',
        'the ledger has no record: start the service on PostgreSQL, there is nothing to move',
      );
    const rows =
      unfinished.holds === 'this_ledger_and_more' ? null : await carry(unfinished, facts, check, { call, deps });
    const nowMs = deps.clock.now();
    return {
      source: unfinished.path,
      target: ledgerName(target),
      records: facts.records,
      head: facts.head,
      was_there: unfinished.holds !== 'nothing',
      rows,
      kept: takeAway(unfinished, nowMs),
    };
  } catch (error) {
    throw error instanceof MoveRefusedError ? new CommandError('refused', error.message, { cause: error }) : error;
  } finally {
    await unfinished?.end();
  }
}

async function carry(
  unfinished: UnfinishedMove,
  source: CopyFacts,
  check: Pick<ReaderCheck, 'verifier' | 'droppedBefore'>,
  { call, deps }: { readonly call: Call; readonly deps: CliDeps },
): Promise<Readonly<Record<string, number>>> {
  const row = { doing: 'Carrying', unit: 'rows', total: null };
  const rows = await withProgress(row, { call, deps }, (progress) =>
    unfinished.carry((count) => progress.advance(count)),
  );
  const target = await verifyReader(
    unfinished.reader(),
    { name: 'the target', isWhole: () => true, ...check },
    { call, deps },
  );
  if (target.head.seq !== source.head.seq || target.head.hash !== source.head.hash)
    throw new CommandError('failed', 'the target has another head than the file. Nothing was changed.');
  await unfinished.commit().catch((error: unknown) => {
    throw new CommandError(
      'failed',
      'The server did not confirm the end, so whether the target has the ledger is not known. The file is as it was. The same command again finds out.',
      { cause: error },
    );
  });
  return rows;
}

function takeAway(unfinished: UnfinishedMove, nowMs: number): string {
  try {
    return unfinished.takeAway({ at: rfc3339(nowMs), stamp: stampOf(nowMs) });
  } catch (error) {
    if (error instanceof MoveRefusedError) throw error;
    throw new CommandError(
      'io',
      'The target has the whole ledger, and the file could not be renamed: rename it, so that no service is started with it, or run the same command again.',
      { cause: error },
    );
  }
}

function rendered(
  { source, target, records, head, was_there: wasThere, rows, kept }: MoveReport,
  paint: Paint,
): string {
  const all = Object.values(rows ?? {}).reduce((sum, count) => sum + count, 0);
  const lines = [
    ...(wasThere
      ? [
          rows === null
            ? 'The target had it already, and a service has gone on with it.'
            : `The target had it already. All ${counted(all, 'row', 'rows')} are the same.`,
        ]
      : [
          `Verified on both sides: the chain, the checkpoints and the tables. All ${counted(all, 'row', 'rows')} are the same.`,
        ]),
    `Head: record ${head.seq}, ${head.hash}`,
    `The file is kept: ${printable(kept)}. A text in its place says where the ledger is.`,
    `Next: set LEDGER_URL=${printable(target)} and start the service.`,
  ];
  return (
    `${paint('green', 'moved')} ${printable(source)} to ${printable(target)}: ${counted(records, 'record', 'records')}\n` +
    lines.map((line) => `  ${line}\n`).join('')
  );
}
