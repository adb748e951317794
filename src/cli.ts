#!/usr/bin/env node
/**
 * The entry of the command line. It chooses the adapters, which are the service's own, and runs one command.
 * Results go to stdout, all other messages to stderr. The commands are in cli/.
 */
import { readFile, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { styleText } from 'node:util';
import { auditPorts } from './cli/audit/ports.ts';
import { COMMANDS } from './cli/commands.ts';
import type { CliDeps } from './cli/deps.ts';
import { freeBytes, inspectLedger } from './cli/doctor/inspect-ledger.ts';
import { readTrail } from './cli/ledger/read-trail.ts';
import { runCli } from './cli/run.ts';
import { SqlError } from './ledger/sqlite/sqlite-port.ts';
import { auditSecretProblems } from './platform/node/secrets/audit-secrets.ts';
import { clock, ids } from './platform/node/runtime.ts';
import { createFetchDocument } from './platform/node/http-client/fetch-document.ts';
import { createHttpClient } from './platform/node/http-client/http-client.ts';
import { openSideWriter } from './platform/node/ledger/side-writer.ts';
import { openPolicy } from './platform/node/policy/source.ts';
import { createSecrets, SecretsError } from './platform/node/secrets/secrets.ts';

const silent = (): void => undefined;
const http = createHttpClient();

const deps: CliDeps = {
  env: process.env,
  readText: (path) => readFile(path, 'utf8'),
  isFile: async (path) => (await stat(path)).isFile(),
  openPolicy,
  openKeys: async (settings) =>
    createSecrets({
      galileoApiKey: settings.GALILEO_API_KEY ?? undefined,
      galileoApiKeyFile: settings.GALILEO_API_KEY_FILE ?? undefined,
      galileoApiKeyNext: settings.GALILEO_API_KEY_NEXT ?? undefined,
      galileoApiKeyNextFile: settings.GALILEO_API_KEY_NEXT_FILE ?? undefined,
      logger: { debug: silent, info: silent, warn: silent, error: silent },
    }).then(
      (secrets) => ({ kind: 'opened' as const, secrets }),
      (error: unknown) => {
        if (error instanceof SecretsError) return { kind: 'refused' as const, problems: error.problems };
        throw error;
      },
    ),
  auditSecretProblems,
  inspectLedger,
  readTrail,
  openSideWriter: (path) =>
    openSideWriter(path, { clock, ids }).then(
      (ledger) => ({ kind: 'opened' as const, ledger }),
      (error: unknown) => {
        // The adapter's own errors are sentences for the operator. A SqlError is not.
        if (error instanceof Error && !(error instanceof SqlError))
          return { kind: 'refused' as const, message: error.message };
        throw error;
      },
    ),
  userName: () => {
    try {
      return userInfo().username;
    } catch {
      return null;
    }
  },
  audit: auditPorts,
  freeBytes,
  http,
  fetchDocument: createFetchDocument(),
  clock,
  schedule: {
    after(delayMs, task) {
      const timer = setTimeout(task, delayMs);
      return () => clearTimeout(timer);
    },
  },
  print: (text) => void process.stdout.write(text),
  printError: (text) => void process.stderr.write(text),
  // styleText itself checks the stream, NO_COLOR and FORCE_COLOR.
  paint: (style, text) => styleText(style, text, { stream: process.stdout }),
};

// A reader that closes the pipe early (`| head`) is not a failure.
process.stdout.on('error', () => process.exit());
process.exitCode = await runCli(process.argv.slice(2), COMMANDS, deps);
await http.close();
