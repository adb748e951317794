/**
 * The two platforms, each as it runs in production: `node src/node.ts` as a process, and the built Worker in workerd
 * with its Durable Object. Both are configured by environment variables and reached over HTTP.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { createTestHarness } from 'wrangler';
import { startService } from '../../dev/service.ts';

export type PlatformName = 'node' | 'workers';

export interface Platform {
  readonly url: string;
  /** All lines logged so far. */
  lines(): readonly string[];
  stop(): Promise<void>;
}

type Env = Readonly<Record<string, string>>;

const POLICY_FILE = 'test/parity/policy.yaml';
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export const PLATFORMS: Readonly<Record<PlatformName, (env: Env) => Promise<Platform>>> = {
  async node(env) {
    const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-parity-'));
    const lines: string[] = [];
    const ledger = `sqlite:${join(folder, 'ledger.db')}`;
    const service = await startService(
      { PATH: process.env.PATH, PORT: '0', OPS_PORT: '0', POLICY_FILE, LEDGER_URL: ledger, ...env },
      { onLine: (line) => lines.push(line) },
    );
    return {
      url: service.url,
      lines: () => lines,
      async stop() {
        await service.stop();
        await rm(folder, { recursive: true });
      },
    };
  },

  async workers(env) {
    const { GALILEO_API_KEY, GALILEO_API_KEY_NEXT, GALILEO_PASSWORD, ...vars } = env;
    const secrets = Object.entries({ GALILEO_API_KEY, GALILEO_API_KEY_NEXT, GALILEO_PASSWORD }).flatMap(
      ([name, value]) => (value === undefined ? [] : [[name, value] as const]),
    );
    const harness = createTestHarness({
      root: ROOT,
      workers: [
        {
          configPath: 'wrangler.toml',
          prebuiltWorkerDir: inject('workerDir'),
          vars,
          secrets: Object.fromEntries(secrets),
        },
      ],
    });
    const { url } = await harness.listen();
    return {
      url: url.origin,
      lines: () => harness.getLogs().map(({ message }) => message),
      stop: () => harness.close(),
    };
  },
};
