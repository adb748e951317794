/**
 * `ledger restore`: puts a verified backup in the place of a ledger, while no service uses it. The files that were there
 * are kept under another name. Record `change: restored` continues the backup, so that the trail itself says where it forks.
 */
import { CopyWriteError } from '../../platform/node/ledger/copy/copy-ledger.ts';
import { RestoreRefusedError } from '../../platform/node/ledger/copy/begin-restore.ts';
import type { UnfinishedRestore } from '../../platform/node/ledger/copy/begin-restore.ts';
import { ReplaceError } from '../../platform/node/ledger/copy/replace-ledger.ts';
import { SERVICE_NAME, SERVICE_VERSION } from '../../config/service.ts';
import type { ChangeReport } from '../../ledger/records/change-report.ts';
import { rfc3339 } from '../../lib/rfc3339.ts';
import { PUBLIC_KEY_OPTION, readPublicKeys } from '../audit/public-keys.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call, Command } from '../command-line/command.ts';
import { JSON_OPTION, printReport } from '../command-line/json-option.ts';
import type { CliDeps } from '../deps.ts';
import { copying } from './backup.ts';
import { renderRestored } from './restore-report.ts';
import type { RestoreReport } from './restore-report.ts';
import { droppedBefore, RETENTION_OPTION } from './retention.ts';
import { stampOf } from './stamp.ts';
import { refuseUnproven, verifyCopy } from './verify-copy.ts';
import type { CopyFacts } from './verify-copy.ts';
import { chooseLedgerFile, LEDGER_FILE_OPTION } from './with-ledger.ts';

export const ledgerRestore: Command = {
  name: 'ledger restore',
  summary: 'Put a verified backup in the place of the ledger, and keep the files that were there.',
  about: [
    'Stop the service first: a ledger that is in use is refused. The backup is copied beside the ledger and verified there: every ' +
      'page, the whole chain, every checkpoint, with --public-key the signatures, and the table of requests. Only then is ' +
      'anything changed. A backup with a newer schema is refused; an older one is brought to the schema of this program.',
    'The files that were there are kept as LEDGER.before-restore-TIME, never deleted. A process that is killed at any ' +
      'moment leaves the old ledger or the restored one in place, complete. A file LEDGER.restoring-… that it leaves can be ' +
      'removed.',
    'The first record after the backup is of kind change and says restored. audit verify then understands that the delivered lines hold other ' +
      'records after the backup than the ledger, and names records that are in neither.',
    'The ledger forgets what came after the backup: an invitation of that time is sent again when its Idempotency-Key ' +
      'is repeated, and quotas that were spent then are free again. The answer names that time.',
  ],
  operands: [{ name: 'FILE', about: 'A backup, as ledger backup writes it. It is not changed.' }],
  options: {
    ledger: { ...LEDGER_FILE_OPTION, about: `${LEDGER_FILE_OPTION.about} It need not exist.` },
    'public-key': PUBLIC_KEY_OPTION,
    'retention-days': RETENTION_OPTION,
    json: JSON_OPTION,
  },
  exits: {
    ok: 'The backup is in the place of the ledger, on disk, and the restore is on record.',
    failed: 'The backup does not verify. Nothing was changed.',
    newer: 'A part of the backup is newer than this program knows. Nothing was changed; use the newer program.',
    unproven: 'The given --public-key does not prove the backup. Nothing was changed.',
    refused: 'The ledger is in use, or a file cannot be read or made. Nothing was changed.',
    io: 'A file could not be written, as on a full disk. The ledger is as it was.',
  },
  examples: [
    { line: 'ledger restore /backup/ledger-2026-05-04.db', does: 'the ledger of this environment' },
    { line: 'ledger restore copy.db --ledger drill.db', does: 'a drill: another ledger, to look at' },
  ],
  async run(call, deps) {
    const backup = call.operands[0] ?? '';
    const report = await restore(backup, await chooseLedgerFile(call, deps, 'restore'), call, deps);
    await printReport(call, deps, report, () => renderRestored(report, deps.paint));
    return 'ok';
  },
};

async function restore(backup: string, ledger: string, call: Call, deps: CliDeps): Promise<RestoreReport> {
  const verifier = await readPublicKeys(call, deps);
  const since = await droppedBefore(call, deps);
  let undo = (): void => undefined;
  const onCreated = (end: () => void): void => void (undo = deps.terminal.beforeInterrupt(end));
  let unfinished: UnfinishedRestore | null = null;
  try {
    unfinished = await copying(call, deps, (onProgress) =>
      deps.copies.beginRestore({ backup, ledger, onCreated, onProgress }),
    );
    const { path, isWhole } = unfinished;
    const facts = await verifyCopy({ path, name: 'the backup', isWhole, verifier, droppedBefore: since }, call, deps);
    refuseUnproven(facts, 'the backup');
    return replace(backup, unfinished, facts, deps);
  } catch (error) {
    throw commandErrorOf(error, ledger);
  } finally {
    undo();
    unfinished?.end();
  }
}

function replace(backup: string, unfinished: UnfinishedRestore, facts: CopyFacts, deps: CliDeps): RestoreReport {
  const { records, head, lastRecordAt } = facts;
  const nowMs = deps.clock.now();
  const change: ChangeReport = {
    seen: 'changed',
    change: { what: 'restored', records, head: head.hash, backup_time: lastRecordAt },
    service: { name: SERVICE_NAME, version: SERVICE_VERSION, runtime: 'node', instance: 'ledger-restore' },
  };
  const kept = unfinished.takePlace(change, `${unfinished.ledger}.before-restore-${stampOf(nowMs)}`);
  return {
    ledger: unfinished.ledger,
    backup,
    records,
    head,
    last_record_at: lastRecordAt,
    recorded_as: head.seq + 1,
    kept,
    forgotten: { from: lastRecordAt, to: rfc3339(nowMs) },
  };
}

/** An error of another kind is a fault of this program, or has its own exit (LedgerFileError). */
function commandErrorOf(error: unknown, ledger: string): unknown {
  if (error instanceof RestoreRefusedError || error instanceof ReplaceError)
    return new CommandError('refused', error.message, { cause: error });
  if (error instanceof CopyWriteError)
    return new CommandError(
      'io',
      `a file beside ${ledger} could not be written (${error.code}); the ledger is as it was`,
      {
        cause: error,
      },
    );
  return error;
}
