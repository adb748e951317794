/**
 * Starts `node src/node.ts` with stand-ins in this process, a ledger of its own and a policy that allows everything a
 * test needs. It is for tests of the process, not of its decisions. Everything that a test starts here ends with the
 * test.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { StandIns } from '../../dev/stand-ins.ts';
import { startStandIns } from '../../dev/stand-ins.ts';
import { keepOutputLines } from '../support/audit/operational-lines.ts';
import { freePort } from '../support/servers/free-port.ts';

const ENTRY = fileURLToPath(new URL('../../src/node.ts', import.meta.url));
const STOPPING_CHILD = fileURLToPath(new URL('stopping/stopping-child.ts', import.meta.url));

const POLICY = `
version: 1
callers:
  hr-portal: { issuer: dev, client_id: [hr-portal] }
rules:
  - { id: hr-staff, allow: [hr-portal], domains: [acme.com], roles: any, auth_methods: any }
`;

export interface LogLine {
  readonly channel: string;
  readonly event: string;
  readonly record?: {
    readonly id: string;
    readonly kind: string;
    readonly seq: number;
    readonly request_id: string;
    readonly outcome: { readonly result: string };
  };
  readonly [member: string]: unknown;
}

export interface Running {
  readonly standIns: StandIns;
  readonly child: ChildProcess;
  readonly port: number;
  readonly opsPort: number;
  /** The SQLite file. */
  readonly ledgerPath: string;
  /** All lines of stdout so far, parsed. Throws when a line is not JSON. */
  readonly lines: readonly LogLine[];
  /** The text on stderr so far. */
  stderr(): string;
  token(): Promise<string>;
  invite(email: string, token: string, signal?: AbortSignal): Promise<Response>;
  inviteAll(emails: readonly string[], token: string, signal?: AbortSignal): Promise<Response>;
  /** Resolves with the first line that fits, also one that came before this call. */
  line(fits: (line: LogLine) => boolean): Promise<LogLine>;
  /** Resolves with the exit code, also after the end of the process. */
  readonly exited: Promise<number | null>;
}

/** Resolves when the service listens. `onText` gets each line of its stdout; `endsAsTold`: stopping-child.ts in its place. */
export async function startRunning(
  env: Readonly<Record<string, string>> = {},
  {
    onText = () => undefined,
    endsAsTold = false,
  }: { readonly onText?: (line: string) => void; readonly endsAsTold?: boolean } = {},
): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-running-'));
  const standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
  await writeFile(join(folder, 'policy.yaml'), POLICY);
  const opsPort = Number(env.OPS_PORT ?? (await freePort()));
  const ledgerPath = env.LEDGER_URL?.slice('sqlite:'.length) ?? join(folder, 'ledger.db');
  // Registered before the end of the process, so that it runs after it.
  const keep = keepOutputLines([standIns.env.GALILEO_API_KEY ?? '']);
  const child = spawn(process.execPath, [endsAsTold ? STOPPING_CHILD : ENTRY], {
    env: {
      ...{ PATH: process.env.PATH, LOG_LEVEL: 'info', PORT: '0', OPS_PORT: String(opsPort), ...standIns.env },
      ...{ POLICY_FILE: join(folder, 'policy.yaml'), LEDGER_URL: `sqlite:${ledgerPath}`, ...env },
    },
    stdio: ['ignore', 'pipe', 'pipe', endsAsTold ? 'ipc' : 'ignore'],
  });
  // Not `exit`: unread lines may follow it.
  const exited = once(child, 'close').then(([code]) => code as number | null);
  onTestFinished(async () => {
    if (child.exitCode === null) child.kill('SIGKILL');
    await exited;
    await standIns.close();
    await rm(folder, { recursive: true });
  });

  let stderr = '';
  child.stderr!.on('data', (chunk) => (stderr += String(chunk)));
  const lines: LogLine[] = [];
  const checks = new Set<() => void>();
  createInterface({ input: child.stdout! }).on('line', (text) => {
    keep(text);
    onText(text);
    lines.push(JSON.parse(text) as LogLine);
    for (const check of checks) check();
  });
  const line: Running['line'] = (fits) =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const found = lines.find(fits);
        if (found === undefined) return;
        checks.delete(check);
        resolve(found);
      };
      checks.add(check);
      void exited.then((code) => reject(new Error(`the service ended with ${String(code)}: ${stderr}`)));
      check();
    });
  const { port } = (await line(({ event }) => event === 'listening')) as unknown as { port: number };
  const inviteAll: Running['inviteAll'] = (emails, token, signal) =>
    fetch(`http://127.0.0.1:${String(port)}/v2/invite_users`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ emails, auth_method: 'okta' }),
      ...(signal === undefined ? {} : { signal }),
    });
  return {
    ...{ standIns, child, port, opsPort, ledgerPath, lines, line, exited, stderr: () => stderr },
    token: () => standIns.identityProvider.issue({ sub: 'hr-portal' }),
    invite: (email, token, signal) => inviteAll([email], token, signal),
    inviteAll,
  };
}
