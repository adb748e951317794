/**
 * Runs `node --disable-sigusr1 src/node.ts` as a child process, configured by its environment only, as in production,
 * and resolves when it listens. For `npm start`, the demo and tests.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const SERVICE_ENTRY = fileURLToPath(new URL('../src/node.ts', import.meta.url));

export interface Service {
  readonly url: string;
  readonly child: ChildProcess;
  /** Resolves with the first audit record that `accept` is true of, also one that has already arrived. */
  record(accept: (record: AuditLine) => boolean): Promise<AuditLine>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** The members of an audit record that the demo and tests read. */
export interface AuditLine {
  readonly kind: string;
  readonly request_id: string;
  readonly request_sha256?: string;
  readonly outcome: { readonly result: string };
  readonly [member: string]: unknown;
}

export interface ServiceOptions {
  /** Receives every line of its stdout. */
  readonly onLine?: (line: string) => void;
  /** Keeps audit records for `record()`. Off by default, because records hold addresses. */
  readonly keepRecords?: boolean;
}

/** Starts the service. Rejects with the exit code when it does not start. */
export async function startService(
  env: Readonly<Record<string, string | undefined>>,
  { onLine = () => undefined, keepRecords = false }: ServiceOptions = {},
): Promise<Service> {
  // The `listening` line has level info.
  const level = env.LOG_LEVEL === 'debug' ? 'debug' : 'info';
  const child = spawn(process.execPath, ['--disable-sigusr1', SERVICE_ENTRY], {
    env: { ...env, LOG_LEVEL: level },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // The service ends with this process.
  const end = (): boolean => child.kill('SIGTERM');
  process.once('exit', end);
  child.once('exit', () => process.removeListener('exit', end));
  const records: AuditLine[] = [];
  const waiting = new Set<() => void>();
  const listening = Promise.withResolvers<number>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    onLine(text);
    const line = JSON.parse(text) as { channel: string; event: string; port: number; record?: AuditLine };
    if (line.record !== undefined && keepRecords) {
      records.push(line.record);
      for (const check of waiting) check();
    } else if (line.event === 'listening') listening.resolve(line.port);
  });
  child.once('exit', (code) => listening.reject(new Error(`the service ended with code ${code} before it listened`)));
  const port = await listening.promise;
  return {
    url: `http://127.0.0.1:${port}`,
    child,
    record(accept) {
      const found = Promise.withResolvers<AuditLine>();
      const check = (): void => {
        const record = records.find(accept);
        if (record === undefined) return;
        waiting.delete(check);
        found.resolve(record);
      };
      waiting.add(check);
      check();
      return found.promise;
    },
    async stop() {
      if (child.exitCode !== null) return child.exitCode;
      // `close` and not `exit`: lines may still be unread at exit.
      const closed = once(child, 'close') as Promise<[number | null]>;
      child.kill('SIGTERM');
      return (await closed)[0];
    },
  };
}
