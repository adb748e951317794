/**
 * `ledger adopt`: continues a ledger in PostgreSQL that was restored with the server's own tools. It verifies the ledger, and
 * record `change: restored` then continues it, as `ledger restore` does with a file, so that the trail says where it forks.
 */
import { SERVICE_NAME, SERVICE_VERSION } from '../../config/service.ts';
import { rfc3339 } from '../../lib/rfc3339.ts';
import { ledgerName } from '../../platform/node/ledger/chosen-ledger.ts';
import { PUBLIC_KEY_OPTION, readPublicKeys } from '../audit/public-keys.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { Call, Command } from '../command-line/command.ts';
import { JSON_OPTION, printReport } from '../command-line/json-option.ts';
import type { CliDeps } from '../deps.ts';
import { renderRestored } from './restore-report.ts';
import type { RestoreReport } from './restore-report.ts';
import { droppedBefore, RETENTION_OPTION } from './retention.ts';
import { refuseUnproven, verifyReader } from './verify-copy.ts';
import { chooseLedger, LEDGER_OPTION, withLedger } from './with-ledger.ts';

export const ledgerAdopt: Command = {
  name: 'ledger adopt',
  summary: 'Put on record that the ledger in PostgreSQL was restored from a backup, so that services go on with it.',
  about: [
    'For a ledger that was restored with pg_restore, from a base backup, or by a failover that lost the last commits. Containers that ' +
      'have seen later records write nothing to it, and a container that is started goes on as if nothing had been lost. Stop ' +
      'every container, restore, run this, and start them again.',
    'The ledger is verified: the whole chain, every checkpoint, with --public-key the signatures, and the tables. Then the first record ' +
      'behind the backup is written, of kind change, and says restored. audit verify then understands that the delivered lines hold other ' +
      'records after the backup than the ledger, and names records that are in neither.',
    'Run it once, before any container is started with the restored ledger: the records of a start would stand in its place. A ledger ' +
      'that a service uses is refused, which takes ten seconds to see. For a ledger file, ledger restore does all of it.',
  ],
  operands: [],
  options: {
    ledger: LEDGER_OPTION,
    'public-key': PUBLIC_KEY_OPTION,
    'retention-days': RETENTION_OPTION,
    json: JSON_OPTION,
  },
  exits: {
    ok: 'The restore is on record. Start the service.',
    failed: 'The restored ledger does not verify. Nothing was changed.',
    newer: 'A part of the ledger is newer than this program knows. Nothing was changed; use the newer program.',
    unproven: 'The given --public-key does not prove the ledger. Nothing was changed.',
    refused: 'A service uses the ledger, or it cannot be used.',
  },
  examples: [{ line: 'ledger adopt --public-key audit.pub.pem', does: 'the ledger of this environment' }],
  async run(call, deps) {
    const report = await adopt(call, deps);
    await printReport(call, deps, report, () => renderRestored(report, deps.paint));
    return 'ok';
  },
};

async function adopt(call: Call, deps: CliDeps): Promise<RestoreReport> {
  const chosen = await chooseLedger(call, deps);
  if (chosen.kind === 'sqlite')
    throw new CommandError(
      'usage',
      'this is for a ledger in PostgreSQL; a ledger file is restored with ledger restore',
    );
  const check = {
    name: 'the restored ledger',
    isWhole: () => true,
    verifier: await readPublicKeys(call, deps),
    droppedBefore: await droppedBefore(call, deps),
  };
  const facts = await withLedger(deps.openReader(chosen), (reader) =>
    reader.inSnapshot(() => verifyReader(reader, check, { call, deps })),
  );
  refuseUnproven(facts, check.name);
  const { records, head, lastRecordAt } = facts;
  const recordedAs = await deps.recordAdoption(chosen, {
    head,
    report: {
      seen: 'changed',
      change: { what: 'restored', records, head: head.hash, backup_time: lastRecordAt },
      service: { name: SERVICE_NAME, version: SERVICE_VERSION, runtime: 'node', instance: 'ledger-adopt' },
    },
  });
  return {
    ledger: ledgerName(chosen),
    backup: null,
    records,
    head,
    last_record_at: lastRecordAt,
    recorded_as: recordedAs,
    kept: [],
    forgotten: { from: lastRecordAt, to: rfc3339(deps.clock.now()) },
  };
}
