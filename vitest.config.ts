import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { configDefaults, defineConfig } from 'vitest/config';

/**
 * All tests, one vitest project per kind. `workers` runs inside workerd, the others run on Node. Those of
 * `e2e` and `e2e-*` start the service as a process and run in .ci/run only. `npx vitest run --project unit` runs one project alone.
 * The environment below switches off telemetry and downloads of the tools under the `workers` project.
 */
Object.assign(process.env, {
  DO_NOT_TRACK: '1',
  WRANGLER_SEND_METRICS: 'false',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
});

/** The time limits of a test, and of what it polls. They are long, because a slow machine is not a failure. */
const PATIENCE = { testTimeout: 240_000, hookTimeout: 240_000, expect: { poll: { timeout: 60_000 } } };

const WITH_SERVERS = ['test/e2e/{collectors,deploy,postgres}/**/*.test.ts'];
/** Commands, clients and pages: no test of them measures a time, or takes a port that another may take. */
const OF_CALLERS = [
  'test/e2e/{client,commands,outside-clients}/**/*.test.ts',
  'test/e2e/{egress,reference-page}.test.ts',
];
const IN_BROWSER = ['test/e2e/console/**/*.test.ts'];

/** The kinds that ask for /console, so its files must be those of the source. */
const WITH_CONSOLE = new Set(['http', 'e2e']);

const onNode = (name: string) => ({
  test: {
    ...PATIENCE,
    name,
    include: [`test/${name}/**/*.test.ts`],
    ...(WITH_CONSOLE.has(name) ? { globalSetup: ['test/support/build-console.ts'] } : {}),
    // What examples/calling and the console import, as an app that has installed the client. The first that fits counts.
    alias: {
      'galileo-invite-client/audit': fileURLToPath(new URL('client/src/galileo-invite-audit.ts', import.meta.url)),
      'galileo-invite-client': fileURLToPath(new URL('client/src/galileo-invite-client.ts', import.meta.url)),
    },
  },
});

/**
 * The suites that send invites, once more with each other way to sign in to Galileo (test/support/sign-in.ts). `.ci/run` runs
 * them; `npm test` has the tests of signing in itself for every scheme.
 */
const withScheme = (scheme: 'basic' | 'password') =>
  ['http', 'attack', 'parity'].map((suite) => {
    const { test } = suite === 'parity' ? onNode(suite) : sharingModules(suite);
    const globalSetup = ['test/support/build-console.ts', ...(suite === 'parity' ? ['test/parity/build.ts'] : [])];
    return { test: { ...test, name: `${suite}@${scheme}`, globalSetup, env: { SCHEME_UNDER_TEST: scheme } } };
  });

/** Files share one module graph per worker process: no test patches a module or keeps a change of a global. */
const sharingModules = (name: string) => {
  const project = onNode(name);
  return { test: { ...project.test, isolate: false } };
};

export default defineConfig({
  test: {
    reporters: ['default', './test/support/list-skips.ts'],
    // All processors: parity and workers mostly wait for processes of their own.
    maxWorkers: availableParallelism(),
    projects: [
      ...['unit', 'contract', 'http', 'compatibility', 'attack', 'arch'].map(sharingModules),
      ...withScheme('basic'),
      ...withScheme('password'),
      // One file at a time: these tests end processes under load, fill disks, and count connections.
      {
        test: {
          ...onNode('e2e').test,
          exclude: [...configDefaults.exclude, ...WITH_SERVERS, ...OF_CALLERS, ...IN_BROWSER],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      // Several files of these at the same time. Most wait for servers of their own, for commands, or for a browser.
      { test: { ...onNode('e2e').test, name: 'e2e-servers', include: WITH_SERVERS, sequence: { groupOrder: 2 } } },
      {
        test: {
          ...onNode('e2e').test,
          name: 'e2e-callers',
          include: OF_CALLERS,
          globalSetup: ['test/support/build-console.ts', 'test/e2e/outside-clients/install.ts'],
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          ...onNode('e2e').test,
          name: 'e2e-console',
          include: IN_BROWSER,
          globalSetup: ['test/support/build-console.ts', 'test/e2e/console/build.ts'],
          sequence: { groupOrder: 2 },
        },
      },
      {
        plugins: [
          cloudflareTest({
            // The Durable Object under test is the real one. A test may replace its ports.
            main: './test/workers/entry.ts',
            wrangler: { configPath: './wrangler.toml' },
            // Without workerd's own report of every exception, also of those that a test provokes and the code handles.
            // An unhandled rejection still fails the run.
            verbose: false,
          }),
        ],
        test: {
          ...PATIENCE,
          name: 'workers',
          include: ['test/workers/**/*.test.ts'],
          globalSetup: ['test/support/servers/raw-servers.ts'],
        },
      },
      // What becomes of an invite when connections fail: the rows of docs/faults.md, with the service as a process.
      onNode('faults'),
      {
        // One suite over HTTP, run against `node src/node.ts` and against the Worker that wrangler builds.
        test: {
          ...PATIENCE,
          name: 'parity',
          include: ['test/parity/**/*.test.ts'],
          globalSetup: ['test/support/build-console.ts', 'test/parity/build.ts'],
        },
      },
    ],
  },
});
