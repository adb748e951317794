import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';

/**
 * Every test of the house, one project per kind. `workers` runs inside workerd, all others on Node; `e2e` starts the
 * service as a process and is for .ci/run.
 * `npx vitest run --project unit` runs one kind alone. The tools under the workers project report to nobody
 * and fetch nothing at start.
 */
Object.assign(process.env, {
  DO_NOT_TRACK: '1',
  WRANGLER_SEND_METRICS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
});

/** How long a stuck test may block; long, because a slow machine is no failure. */
const PATIENCE = { testTimeout: 60_000, hookTimeout: 60_000 };

const onNode = (name: string) => ({ test: { ...PATIENCE, name, include: [`test/${name}/**/*.test.ts`] } });

export default defineConfig({
  test: {
    projects: [
      ...['unit', 'contract', 'http', 'attack', 'arch', 'e2e'].map(onNode),
      {
        // The object under test is the real one, with ports that a test may lay out.
        plugins: [cloudflareTest({ main: './test/workers/entry.ts', wrangler: { configPath: './wrangler.toml' } })],
        test: {
          ...PATIENCE,
          name: 'workers',
          include: ['test/workers/**/*.test.ts'],
          globalSetup: ['test/support/raw-servers.ts'],
        },
      },
      {
        // One suite over HTTP, held against `node src/node.ts` and against the Worker as wrangler builds it.
        test: {
          ...PATIENCE,
          name: 'parity',
          include: ['test/parity/**/*.test.ts'],
          globalSetup: ['test/parity/build.ts'],
        },
      },
    ],
  },
});
