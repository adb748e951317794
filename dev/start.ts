/**
 * What `npm start` runs: the service with embedded defaults. When nothing real is configured, it starts the pair of
 * stand-ins in this process and prints a warning that they are stand-ins. When a key or password and issuers are configured,
 * it is the same as `node src/node.ts`. One without the other is refused. All that is not a log
 * line or a record goes to stderr, so that stdout can be piped.
 */
import '../src/platform/node/process/no-inspector.ts';
import { styleText } from 'node:util';
import { runService } from '../src/platform/node/process/run-service.ts';
import { startNodeService } from '../src/platform/node/service.ts';
import { createOutput } from '../src/platform/node/telemetry/output.ts';
import { chooseRun } from './local-start/choose-run.ts';
import type { LocalPorts } from './local-start/local-ports.ts';
import { DEFAULT_PORT, localLedgerUrl, localPorts, takenPorts, withLedgerRemedy } from './local-start/local-ports.ts';
import { createReadableLog } from './local-start/readable-log.ts';
import { welcome } from './local-start/welcome.ts';
import { startStandIns } from './stand-ins.ts';

const { env } = process;
const isTerminal = process.stdout.isTTY;

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown problem';
}

const chosen = chooseRun(env);
if (chosen.kind === 'refused') fail(chosen.message);

function readableLog() {
  const paint = (style: 'green' | 'yellow' | 'red' | 'dim', text: string): string =>
    styleText(style, text, { stream: process.stdout });
  return createReadableLog({
    output: createOutput(process.stdout.fd),
    later(delayMs, run) {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
    paint,
  });
}

function readPorts(): LocalPorts {
  try {
    return localPorts(env);
  } catch (error) {
    return fail(sentenceOf(error));
  }
}

async function runWithStandIns(): Promise<void> {
  const ports = readPorts();
  const taken = await takenPorts(ports);
  if (taken !== null) fail(taken);
  const galileoLog = (line: string): boolean => process.stderr.write(`${line}\n`);
  const standIns = await startStandIns(env, ports, isTerminal ? undefined : galileoLog).catch((error: unknown) =>
    fail(`The stand-ins do not start: ${sentenceOf(error)}`),
  );
  const publicUrl = ports.service === 0 ? {} : { PUBLIC_URL: `http://127.0.0.1:${ports.service}` };
  const settings: Record<string, string | undefined> = {
    POLICY_FILE: 'dev/policy.yaml',
    LEDGER_URL: localLedgerUrl(ports),
    OPS_PORT: String(ports.ops),
    ...publicUrl,
    ...consoleSettings(standIns.issuer),
    ...withoutEmpty(env),
    ...standIns.env,
  };
  const { POLICY_FILE: policyFile = '', LEDGER_URL: ledgerUrl = '' } = settings;
  const ledgerFile = ledgerUrl.slice('sqlite:'.length);
  const start: typeof startNodeService = async (host) => {
    const started = await startNodeService(host);
    return started.kind === 'refused'
      ? { ...started, problems: withLedgerRemedy(started.problems, ledgerFile) }
      : started;
  };
  const service = await runService(settings, start, isTerminal ? readableLog() : undefined);
  process.stderr.write(
    welcome({
      url: `http://127.0.0.1:${service.port}`,
      issuer: standIns.issuer,
      galileoUrl: standIns.galileoUrl,
      opsUrl: service.opsPort === 0 ? null : `http://127.0.0.1:${service.opsPort}`,
      isUsualIssuer: ports.service === DEFAULT_PORT,
      hasPages: settings['PAGES'] !== 'off',
      policyFile,
      ledgerFile,
      readableLog: isTerminal,
      loud: (text) => styleText(['bold', 'yellow'], text, { stream: process.stderr }),
    }),
  );
}

/** One click signs in. Without a scope of the service, the stand-in gives the person's own rights. */
function consoleSettings(issuer: string): Record<string, string> {
  if (env['PAGES']?.toLowerCase() === 'off') return {};
  const CONSOLE_SCOPE = 'openid profile offline_access';
  return { CONSOLE_ISSUER: issuer, CONSOLE_CLIENT_ID: 'hr-portal', CONSOLE_SCOPE };
}

/** An empty variable counts as absent, as in the service's own configuration. */
function withoutEmpty(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ''));
}

// With real settings `npm start` is the plain service, as production runs it.
if (chosen.kind === 'real') await runService(env, startNodeService);
else await runWithStandIns();
