import { describe, expect, it } from 'vitest';
import { IMPORT_RULES } from './import-rules.ts';
import { LOCK_RULES } from './lock-rules.ts';
import { PAGE_RULES } from './page-rules.ts';
import type { Violation } from './rule.ts';
import { SHAPE_RULES } from './shape-rules.ts';
import { readTree } from './source-tree.ts';

/**
 * Every rule is tested twice: the real tree keeps it, and a planted violation is reported. The planted files form a
 * tree of their own. Its `innocent` files look similar and must pass, so a rule that reports everything fails too.
 */
const RULES = [...IMPORT_RULES, ...SHAPE_RULES, ...LOCK_RULES, ...PAGE_RULES];

interface Plant {
  readonly guilty: Readonly<Record<string, string>>;
  readonly innocent: Readonly<Record<string, string>>;
  /** The reported files, when they are not exactly the guilty ones. */
  readonly reported?: readonly string[];
}

const lockOf = (packages: object): Record<string, string> => ({ 'package-lock.json': JSON.stringify({ packages }) });
const lines = (count: number): string => '/** Long. */\n'.padEnd(13 + (count - 1) * 2, ';\n');

const somebodys = (top: string): string => `/${top}/me/`;

const PLANTS: Readonly<Record<string, Plant>> = {
  'gives every file of src/ a place on the ladder': {
    guilty: { 'src/billing/price.ts': '', 'src/platform/deno/ledger.ts': '', 'src/main.ts': '' },
    innocent: { 'src/policy/price.ts': '', 'src/platform/node/ledger.ts': '', 'src/node.ts': '' },
  },
  'climbs the ladder in one direction': {
    guilty: {
      'src/lib/a.ts': "import { verify } from '../auth/verify.ts';",
      'src/contract/b.ts': "export type { Decision } from '../policy/decision.ts';",
      'src/policy/c.ts': "import type { Ledger } from '../ledger/port.ts';",
      'src/invite/d.ts': "const route = await import('../routes/audit.ts');",
      'src/routes/e.ts': "import '../app.ts';",
      'src/app.ts': "import {\n  createLedger,\n} from './platform/node/ledger.ts';",
      'src/platform/node/f.ts': "import { x } from '../workers/x.ts';",
      'src/platform/workers/g.ts': "import { x } from '../node/x.ts';",
      'src/platform/workers/h.ts': "import { createApp } from '../../app.ts';",
      'src/platform/node/service.ts': "import { x } from '../workers/service.ts';",
      'src/node.ts': "import { createApp } from './app.ts';",
      'src/worker.ts': "import { x } from './platform/node/x.ts';",
      'src/auth/i.ts': "import { x } from '../config/schema.ts';",
      'src/invite/j.ts': "import { x } from '../deps.ts';",
    },
    innocent: {
      'src/policy/decision.ts':
        "import type { Principal } from '../auth/principal.ts';\nimport { x } from './rule.ts';",
      'src/invite/send.ts':
        "// import { createApp } from '../app.ts';\nconst text = \"import { x } from '../app.ts'\";\nimport { y } from '../lib/y.ts';",
      'src/platform/node/ledger.ts':
        "import { z } from '../../invite/z.ts';\nimport { s } from '../../config/schema.ts';",
      'src/platform/workers/service.ts':
        "import { createService } from '../../service.ts';\nimport { x } from './x.ts';",
      'src/node.ts': "import { startNodeService } from './platform/node/service.ts';",
      'src/cli.ts': "import { x } from './platform/node/x.ts';",
    },
  },
  'keeps stand-ins, tests and tools out of src/': {
    guilty: {
      'src/app.ts': "import { galileo } from '../dev/galileo.ts';",
      'src/lib/a.ts': "import { x } from '../../test/support/x.ts';",
      'src/cli/b.ts': "await import('../../bench/load.ts');",
    },
    innocent: {
      'dev/start.ts': "import { createApp } from '../src/app.ts';",
      'src/invite/dev.ts': "import { x } from './test.ts';",
    },
  },
  'has no circle of files': {
    guilty: {
      'src/lib/a.ts': "import { b } from './b.ts';",
      'src/lib/b.ts': "import { c } from './c.ts';",
      'src/lib/c.ts': "import { a } from './a.ts';",
    },
    innocent: { 'src/lib/x.ts': "import { y } from './y.ts';", 'src/lib/y.ts': '' },
    reported: ['src/lib/a.ts'],
  },
  'has no circle of parts': {
    guilty: {
      'src/auth/a.ts': "import { b } from '../policy/b.ts';",
      'src/policy/c.ts': "import { d } from '../auth/d.ts';",
    },
    innocent: { 'src/audit/a.ts': "import { b } from '../auth/b.ts';" },
    reported: ['auth'],
  },
  'keeps each package where it lives': {
    guilty: {
      'src/lib/a.ts': "import * as z from 'zod';",
      'src/auth/b.ts': "import { parse } from 'yaml';",
      'src/policy/c.ts': "import { jwtVerify } from 'jose';",
      'src/policy/compile.ts': "import { parse } from 'yaml';",
      'src/invite/d.ts': "import type { Context } from 'hono';",
      'src/upstream/e.ts': "import { Pool } from 'undici';",
      'src/platform/node/f.ts': "import type { Logger } from 'pino';",
      'src/platform/workers/g.ts': "import { Pool } from 'undici';",
      'src/platform/workers/h.ts': "import { readFile } from 'node:fs/promises';",
      'src/platform/node/i.ts': "import { DurableObject } from 'cloudflare:workers';",
      'src/audit/j.ts': "import { sha256 } from '@noble/hashes/sha2.js';",
      'src/ledger/k.ts': "import canonicalize from 'canonicalize';",
      'src/app.ts': "import { serve } from '@hono/node-server';",
      'src/routes/l.ts': "const lodash = require('lodash');",
      'src/worker.ts': "import { createServer } from 'http';",
    },
    innocent: {
      'src/auth/verify.ts': "import { jwtVerify } from 'jose';\nimport * as z from 'zod';",
      'src/policy/load.ts': "import { parseDocument } from 'yaml';",
      'src/middleware/cors.ts': "import { cors } from 'hono/cors';",
      'src/platform/node/telemetry/logger.ts': "import pino from 'pino/pino.js';\nimport { hostname } from 'node:os';",
      'src/lib/sha256.ts': "import { sha256 } from '@noble/hashes/sha2.js';",
      'src/platform/node/http-server/listener.ts': "import { getRequestListener } from '@hono/node-server';",
    },
  },
  'lets deps.ts name types only': {
    guilty: {
      'src/deps.ts':
        "import type { Clock } from './ports/clock.ts';\nimport { PROBLEMS } from './contract/problem.ts';",
    },
    innocent: { 'src/app.ts': "import { PROBLEMS } from './contract/problem.ts';" },
  },
  'writes every relative import with its ending': {
    guilty: { 'src/lib/a.ts': "import { b } from './b';", 'test/unit/c.test.ts': "import { d } from '../support/d';" },
    innocent: { 'src/lib/b.ts': "import { c } from './c.ts';\nimport { x } from 'hono/x';" },
  },
  'keeps every file of src/ within 300 lines': {
    guilty: { 'src/lib/long.ts': lines(301) },
    innocent: { 'src/lib/just.ts': lines(300), 'test/unit/long.test.ts': lines(900) },
  },
  'names folders after what is in them': {
    guilty: {
      'src/utils/a.ts': '',
      'src/policy/helpers/b.ts': '',
      'test/common/c.ts': '',
      'dev/services/d.ts': '',
      'src/manager/e.ts': '',
    },
    innocent: { 'src/policy/common-name.ts': '', 'test/support/a.ts': '' },
  },
  'names files in kebab-case': {
    guilty: { 'src/lib/camelCase.ts': '', 'src/lib/snake_case.ts': '', 'test/unit/Upper.test.ts': '' },
    innocent: { 'src/lib/sha256.ts': '', 'test/unit/two-words.test.ts': '', 'dev/x.config.ts': '' },
  },
  'makes every answer with the fields of every answer': {
    guilty: {
      'src/routes/a.ts': "return c.json({ status: 'live' });",
      'src/middleware/b.ts': "c.header('Vary', 'Origin');",
      'src/app.ts': 'return c.body(null, 204);',
    },
    innocent: {
      'src/routes/c.ts': "return respondJson(c, { origin: c.req.header('Origin') });",
      'src/routes/operations/ops-app.ts': "return c.json({ status: 'live' });",
    },
  },
  'has no barrels': {
    guilty: { 'src/policy/index.ts': 'export const a = 1;', 'src/auth/all.ts': "export * from './verify.ts';" },
    innocent: { 'src/policy/product.ts': "export const area = 2 * 3; // export * from './x.ts'" },
  },
  'exports by name': {
    guilty: {
      'src/app.ts': 'export default function createApp() {}',
      'dev/a.ts': 'const a = 1;\nexport { a as default };',
      'src/worker.ts': 'export default { fetch() {} };',
    },
    innocent: {
      'src/lib/b.ts': "export const help = 'no export default here';",
    },
  },
  'has no enums and no namespaces': {
    guilty: {
      'src/lib/a.ts': 'enum Colour { Red }',
      'src/lib/b.ts': 'export const enum X { Y }',
      'dev/c.ts': 'export namespace N { export const a = 1; }',
    },
    innocent: { 'src/lib/d.ts': "const problem = { type: 'enum' };\n// enum of words\nconst namespace = 1;" },
  },
  'prefixes no interface with I': {
    guilty: { 'src/ports/a.ts': 'export interface IClock {}', 'test/b.ts': 'type IThing = string;' },
    innocent: {
      'src/ports/b.ts': 'export interface Ids {}\nexport type IdempotencyKey = string;\nexport type IPv4 = string;',
    },
  },
  'opens every file of src/ by saying what it is': {
    guilty: {
      'src/lib/a.ts': `import { b } from './b.ts';\nexport const a = [\n${'  1,\n'.repeat(12)}];\n/** Late. */\n`,
    },
    innocent: {
      'src/lib/short.ts': 'export const a = 1;\n',
      'src/lib/head.ts': `/** What it is. */\nexport const a = [\n${'  1,\n'.repeat(12)}];\n`,
      'src/lib/after.ts': `import { b } from './b.ts';\nimport type {\n  C,\n} from './c.ts';\n\n/** What it is. */\nexport const a = [\n${'  1,\n'.repeat(12)}];\n`,
    },
  },
  'builds the console on its own files, the client and four packages': {
    guilty: {
      'console/src/a.ts': "import { x } from '../../src/lib/hex.ts';",
      'console/src/b.tsx': "import { x } from 'hono';",
      'console/src/c.ts': "import type { x } from '../../client/src/sent.ts';",
    },
    innocent: {
      'console/src/d.tsx':
        "import type { Sent } from 'galileo-invite-client';\nimport { e } from './e.ts';\nimport 'preact';",
    },
  },
  'leaves no promise to itself without an issue': {
    guilty: {
      'src/lib/a.ts': '// TODO: later',
      'test/unit/b.test.ts': '/* FIXME (someone) */',
      'dev/c.ts': 'const a = 1; // HACK',
    },
    innocent: { 'src/lib/d.ts': '// TODO (#12): later\n// FIXME #7\n', 'src/lib/e.ts': "const word = 'TODO';" },
  },
  'reveals a secret only where it is put to use': {
    guilty: {
      'src/invite/a.ts': 'log(key.reveal());',
      'src/platform/node/b.ts': 'const { reveal } = key;',
      'src/routes/c.ts': "key['reveal']();",
    },
    innocent: {
      'src/upstream/request.ts': 'key.reveal();',
      'src/upstream/api-keys.ts': 'key.reveal();',
      'src/audit/d.ts': '// never reveal it',
    },
  },
  'reads the time in the core from the Clock port alone': {
    guilty: {
      'src/audit/a.ts': 'const t = new Date();',
      'src/audit/b.ts': 'const t = Date();',
      'src/audit/c.ts': 'const t = new Date;',
    },
    innocent: {
      'src/audit/d.ts': 'const t = new Date(clock.now()).toISOString(); // not new Date()',
      'src/platform/node/runtime.ts': 'const t = new Date();',
      'src/lib/e.ts': 'const d = isDate(x);\nlet f: Date;',
    },
  },
  'tests with doubles at ports, never by patching modules, time or globals': {
    guilty: {
      'test/unit/a.test.ts': "vi.mock('../../src/lib/a.ts');",
      'test/http/b.test.ts': 'vi.useFakeTimers();',
      'test/unit/c.test.ts': "vi.spyOn(Date, 'now');",
    },
    innocent: { 'test/unit/d.test.ts': 'const double = vi.fn();' },
  },
  'cleans up after a test by hooks of that test, where files of tests share a module': {
    guilty: {
      'test/support/a.ts': 'const open = [];\nafterEach(() => close(open));',
      'test/unit/b-harness.ts': 'beforeAll(start);',
    },
    innocent: {
      'test/unit/c.test.ts': 'afterEach(stop);',
      'test/contract/d.contract.ts': 'describe(name, () => {\n  afterEach(() => harness.close());\n});',
    },
  },
  'names no place on anybody’s machine': {
    guilty: {
      'src/lib/a.ts': `const p = '${somebodys('home')}x';`,
      'docs/b.md': `See ${somebodys('root')}`,
      '.ci/run': `cd ${somebodys('Users')}`,
    },
    innocent: {
      'docs/c.md': 'https://example.com/work/x and `/home/node/data` and src/root/x',
      'src/lib/d.ts': "const route = '/v2/users/work';",
    },
  },
  'names one Node for the project, editors and CI': {
    guilty: { '.node-version': '24.0.0\n', 'tools/node/package.json': '{"version":"24.1.0"}' },
    innocent: { '.node-version': '24.1.0\n', 'tools/node/package.json': '{"version":"24.1.0"}' },
    reported: ['.node-version'],
  },
  'leads each link between pages to a page and a heading that are there': {
    guilty: {
      'README.md': '[the page](docs/gone.md)',
      'docs/a.md': '# A\n[another](c.md#missing)',
      'docs/c.md': '# C\n[here](#there)\n```\n# There\n```',
    },
    innocent: {
      'README.md': '[the page](docs/b.md) [a file](src/app.ts) [a site](https://acme.com/x.md#y)',
      'docs/b.md': '# The `b` page\n[here](#the-b-page) [up](../README.md)\n```\n[no link](gone.md)\n```',
    },
  },
  'names only tests on its pages that are there: commands run them by these paths': {
    guilty: { 'CONTRIBUTING.md': '`npx vitest run test/e2e/gone`' },
    innocent: {
      'docs/a.md': '`npx vitest run test/unit/ki` and `test/unit/kind.test.ts`, [test](https://acme.com/test/x)',
      'CHANGELOG.md': 'test/former.test.ts',
      'test/unit/kind.test.ts': '',
    },
  },
  'keeps registry addresses out of the lock': {
    guilty: {
      ...lockOf({ 'node_modules/a': { resolved: 'https://registry.example/a.tgz' } }),
      'test/e2e/b/package-lock.json': '{"packages":{"node_modules/c":{"resolved":"https://registry.example/c.tgz"}}}',
    },
    innocent: lockOf({ 'node_modules/a': {}, 'node_modules/b': { resolved: 'tools/node', link: true } }),
  },
  'locks every optional package of every platform': {
    guilty: lockOf({ 'node_modules/a': { optionalDependencies: { 'a-darwin': '1.0.0' } } }),
    innocent: lockOf({
      'node_modules/a': { optionalDependencies: { 'a-darwin': '1.0.0' } },
      'node_modules/a-darwin': {},
    }),
  },
  'holds an integrity for everything that Linux will install': {
    guilty: lockOf({ 'node_modules/a': {}, 'node_modules/b': { os: ['linux'], cpu: ['arm64'], libc: ['glibc'] } }),
    innocent: lockOf({
      'tools/node': {},
      'node_modules/a': { integrity: 'sha512-x' },
      'node_modules/c': { os: ['darwin'], cpu: ['arm64'] },
      'node_modules/d': { os: ['linux'], cpu: ['x64'], libc: ['musl'] },
    }),
    reported: ['package-lock.json', 'package-lock.json'],
  },
};

const tree = readTree();
const reported = (violations: readonly Violation[]): string[] =>
  violations.map(({ file, problem }) => `${file}: ${problem}`);

describe('the house', () => {
  it('is read at all', () => {
    expect(tree.size).toBeGreaterThan(20);
    expect(tree.has('src/lib/sha256.ts')).toBe(true);
  });

  it.each(RULES)('$promise', ({ check }) => {
    expect(reported(check(tree))).toEqual([]);
  });
});

describe('a planted violation is reported where the house', () => {
  it.each(RULES)('$promise', ({ promise, check }) => {
    const plant = PLANTS[promise];
    if (plant === undefined) throw new Error(`no violation is planted against: ${promise}`);
    const files = check(new Map(Object.entries(plant.guilty))).map(({ file }) => file);
    expect(files.toSorted()).toEqual((plant.reported ?? Object.keys(plant.guilty)).toSorted());
    expect(reported(check(new Map(Object.entries(plant.innocent))))).toEqual([]);
  });
});
