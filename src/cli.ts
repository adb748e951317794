#!/usr/bin/env node
/**
 * The entry of the command line. It chooses the adapters, which are the service's own, and runs one command.
 * Results go to stdout, all other messages to stderr. The commands are in cli/.
 */
import './platform/node/process/no-inspector.ts';
import { stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { styleText } from 'node:util';
import { createRecordAddress } from './audit/record-address.ts';
import { auditPorts } from './cli/audit/ports.ts';
import { CommandError } from './cli/command-line/command-error.ts';
import { createPrint } from './cli/command-line/print.ts';
import { nodeTerminal } from './cli/command-line/terminal.ts';
import { COMMANDS } from './cli/commands.ts';
import { readableConfig } from './cli/config/read-configuration.ts';
import type { CliDeps } from './cli/deps.ts';
import { freeBytes, inspectLedger } from './cli/doctor/inspect-ledger.ts';
import { runCli } from './cli/run.ts';
import { egressOf } from './config/settings/settings-egress.ts';
import { recordAdoption } from './platform/node/ledger/postgres/adopt.ts';
import { inspectPostgres } from './platform/node/ledger/postgres/inspect-postgres.ts';
import { SqlError } from './ledger/sqlite/sqlite-port.ts';
import { auditSecretProblems, readAddressMode } from './platform/node/secrets/audit-secrets.ts';
import { clock, ids, refSchedule } from './platform/node/runtime.ts';
import { createFetchDocument } from './platform/node/http-client/fetch-document.ts';
import { createHttpClient } from './platform/node/http-client/http-client.ts';
import { beginRestore } from './platform/node/ledger/copy/begin-restore.ts';
import { createBackup } from './platform/node/ledger/copy/create-backup.ts';
import { beginMove } from './platform/node/ledger/move/begin-move.ts';
import { durableFiles } from './platform/node/ledger/copy/durable-files.ts';
import { openLedgerReader, openLedgerSideWriter } from './platform/node/ledger/chosen-ledger.ts';
import { readSignInsOf } from './platform/node/ledger/read-sign-ins.ts';
import { NewTextFileError, writeNewText } from './platform/node/new-text-file.ts';
import { openPolicy } from './platform/node/policy/source.ts';
import { createSecrets, SecretsError } from './platform/node/secrets/secrets.ts';
import { createOutput } from './platform/node/telemetry/output.ts';
import { readText } from './platform/node/text-file.ts';

const STDOUT_FD = 1;
const STDERR_FD = 2;
const silent = (): void => undefined;
const readable = await readableConfig({ env: process.env, readText });
const egress = egressOf(readable.settings);
const http = createHttpClient({ egress });

const copies: CliDeps['copies'] = {
  createBackup: (call) => createBackup(call, { files: durableFiles, uniqueName: () => ids.uuid7() }),
  beginRestore: (call) => beginRestore(call, { files: durableFiles, clock, ids }),
};

const deps: CliDeps = {
  env: process.env,
  readText,
  writeNewText: (path, text) =>
    writeNewText(path, text).catch((error: unknown) => {
      if (error instanceof NewTextFileError)
        throw new CommandError('refused', `${path} ${error.message}`, { cause: error });
      throw error;
    }),
  isFile: async (path) => (await stat(path)).isFile(),
  openPolicy,
  openKeys: async (settings) =>
    createSecrets(settings, { debug: silent, info: silent, warn: silent, error: silent }).then(
      (secrets) => ({ kind: 'opened' as const, secrets }),
      (error: unknown) => {
        if (error instanceof SecretsError) return { kind: 'refused' as const, problems: error.problems };
        throw error;
      },
    ),
  auditSecretProblems,
  async openRecordAddress(settings) {
    try {
      return createRecordAddress(await readAddressMode(settings));
    } catch (error) {
      if (error instanceof SecretsError) throw new CommandError('refused', error.problems.join('\n'), { cause: error });
      throw error;
    }
  },
  inspectLedger,
  readSignIns: readSignInsOf,
  inspectPostgres: (place, access) => inspectPostgres(place, access, clock),
  openReader: openLedgerReader,
  openSideWriter: (ledger) =>
    openLedgerSideWriter(ledger, { clock, ids, schedule: refSchedule }).catch((error: unknown) => {
      // The adapter's own errors are sentences for the operator. A SqlError is not.
      if (error instanceof Error && !(error instanceof SqlError))
        throw new CommandError('refused', error.message, { cause: error });
      throw error;
    }),
  userName: () => {
    try {
      return userInfo().username;
    } catch {
      return null;
    }
  },
  audit: auditPorts,
  copies,
  moves: { beginMove },
  recordAdoption: (ledger, adoption) => recordAdoption(ledger, adoption, { clock, ids, schedule: refSchedule }),
  freeBytes,
  http,
  fetchDocument: createFetchDocument({ egress }),
  clock,
  schedule: refSchedule,
  print: createPrint('stdout', createOutput(STDOUT_FD)),
  printError: createPrint('stderr', createOutput(STDERR_FD)),
  terminal: nodeTerminal,
  // styleText itself checks the stream, NO_COLOR and FORCE_COLOR.
  paint: (style, text) => styleText(style, text, { stream: process.stdout }),
};

process.exitCode = await runCli(process.argv.slice(2), COMMANDS, deps);
await http.close();
