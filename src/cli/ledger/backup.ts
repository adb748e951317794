/**
 * `ledger backup`: writes a verified copy of a ledger, beside a running service or at rest. The file appears under its
 * name only when it is complete and verified. It never replaces a file, and changes nothing in the ledger.
 */
import type { CopyProgress } from '../../platform/node/ledger/copy/copy-ledger.ts';
import { CopyWriteError } from '../../platform/node/ledger/copy/copy-ledger.ts';
import { BackupPathError } from '../../platform/node/ledger/copy/create-backup.ts';
import type { UnfinishedBackup } from '../../platform/node/ledger/copy/create-backup.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call, Command } from '../command-line/command.ts';
import { JSON_OPTION, printReport } from '../command-line/json-option.ts';
import { createProgress } from '../command-line/progress.ts';
import type { Progress } from '../command-line/progress.ts';
import { counted, printable } from '../command-line/text.ts';
import type { CliDeps } from '../deps.ts';
import { droppedBefore, RETENTION_OPTION } from './retention.ts';
import { verifyCopy } from './verify-copy.ts';
import type { CopyFacts } from './verify-copy.ts';
import { chooseLedgerFile, LEDGER_FILE_OPTION } from './with-ledger.ts';

export const ledgerBackup: Command = {
  name: 'ledger backup',
  summary: 'Write a verified copy of the ledger to a new file, beside the running service.',
  about: [
    'Uses SQLite’s online backup. The copy holds everything that was committed when it began, also what is only in the ' +
      'write-ahead log. The service goes on; its write-ahead log grows until the copy is written. A copy of the ' +
      'file by other means (cp, a snapshot of one file) lacks the write-ahead log and is no backup.',
    'The copy is written under another name in the same folder and verified: every page, the whole chain, every ' +
      'checkpoint and the table of requests. Then it gets its name. A file that is there already is never replaced. ' +
      'A killed backup leaves a file FILE.partial-…, which can be removed.',
    'The copy holds people’s addresses, stored answers and quotas, as the ledger does: only its owner may read it. It ' +
      'has its own files: keep it where the service cannot write. What a restore loses is everything after the last record of the ' +
      'backup (ledger restore --help).',
  ],
  operands: [],
  options: {
    out: { value: 'FILE', about: 'A file that is not there yet. Needed.' },
    ledger: LEDGER_FILE_OPTION,
    'retention-days': RETENTION_OPTION,
    json: JSON_OPTION,
  },
  exits: {
    ok: 'The backup is written, verified and on disk.',
    failed: 'The ledger or its trail is damaged. No backup is left; the ledger is as it was.',
    refused: 'The ledger cannot be read, or the file cannot be made.',
    io: 'The backup could not be written to its end, as on a full disk. No backup is left; the ledger is as it was.',
  },
  examples: [
    { line: 'ledger backup --out /backup/ledger-2026-05-04.db', does: 'the ledger of this environment' },
    { line: 'ledger backup --ledger ledger.db --out copy.db --json', does: 'another one, for a program' },
  ],
  async run(call, deps) {
    const { out } = call.options;
    if (typeof out !== 'string') throw new CommandError('usage', 'say where the backup goes: --out FILE');
    const source = await chooseLedgerFile(call, deps, 'backup');
    const since = await droppedBefore(call, deps);
    const written = await backUp({ source, out, since }, call, deps);
    const { records, head, lastRecordAt, bytes } = written;
    const report = { backup: out, ledger: source, records, head, last_record_at: lastRecordAt, bytes };
    await printReport(call, deps, report, () => rendered(out, written, deps));
    return 'ok';
  },
};

interface Written extends Omit<CopyFacts, 'report'> {
  readonly bytes: number;
}

/** A backup that does not verify, or is interrupted, is removed. */
async function backUp(
  { source, out, since }: { readonly source: string; readonly out: string; readonly since: number | null },
  call: Call,
  deps: CliDeps,
): Promise<Written> {
  let undo = (): void => undefined;
  let backup: UnfinishedBackup | null = null;
  const onCreated = (abandon: () => void): void => void (undo = deps.terminal.beforeInterrupt(abandon));
  try {
    backup = await copying(call, deps, (onProgress) =>
      deps.copies.createBackup({ source, out, onCreated, onProgress }),
    );
    const { path, isWhole } = backup;
    const check = { path, name: 'the ledger', isWhole, verifier: null, droppedBefore: since };
    const { records, head, lastRecordAt } = await verifyCopy(check, call, deps);
    return { records, head, lastRecordAt, bytes: backup.keep() };
  } catch (error) {
    backup?.abandon();
    throw commandErrorOf(error, out);
  } finally {
    undo();
  }
}

/** Runs a copy with a progress that ends before this function returns or rejects. */
export async function copying<T>(
  call: Pick<Call, 'options'>,
  deps: CliDeps,
  copy: (onProgress: (progress: CopyProgress) => void) => Promise<T>,
): Promise<T> {
  const shown: { progress: Progress | null; done: number } = { progress: null, done: 0 };
  try {
    return await copy(({ done, total }) => {
      shown.progress ??= createProgress(
        { doing: 'Copying', unit: 'pages', total },
        deps,
        call.options['json'] === undefined,
      );
      shown.progress.advance(done - shown.done);
      shown.done = done;
    });
  } finally {
    shown.progress?.end();
  }
}

/** An error of another kind is a fault of this program, or has its own exit (LedgerFileError). */
function commandErrorOf(error: unknown, out: string): unknown {
  if (error instanceof BackupPathError) return new CommandError('refused', error.message, { cause: error });
  if (error instanceof CopyWriteError)
    return new CommandError('io', `${out} could not be written to its end (${error.code}), so it is removed`, {
      cause: error,
    });
  if (error instanceof CommandError)
    return new CommandError(error.exit, `${error.message} No backup was written.`, { cause: error });
  return error;
}

function rendered(out: string, { records, head, lastRecordAt, bytes }: Written, { paint }: CliDeps): string {
  const last = lastRecordAt === null ? '' : `, the last of ${lastRecordAt}`;
  return (
    `${paint('green', 'written')} ${printable(out)}: ${counted(records, 'record', 'records')}${last}, ${bytes} bytes\n` +
    `  Verified: every page, the chain, the checkpoints and the table of requests. Head: record ${head.seq}, ${head.hash}\n`
  );
}
