/**
 * The import rules as tables: which part may import which, where each package may be imported, and which globals the
 * core may not name. The checks beside this file and the lint configuration at the root both read these tables.
 * A rule is changed here, with a reason, or not at all.
 */

const FOUNDATION = ['lib', 'ports'] as const;
const KNOWLEDGE = [...FOUNDATION, 'tasks', 'contract', 'auth', 'policy', 'audit'] as const;
const FEATURES = [...KNOWLEDGE, 'ledger', 'upstream', 'invite'] as const;
const HTTP = [...FEATURES, 'deps', 'middleware', 'routes'] as const;
const EVERYTHING = [...HTTP, 'app', 'metric-series', 'config', 'openapi'] as const;

/**
 * The ladder: each part of src/ and the parts it may import besides itself. A part is a folder (`platform/node` and
 * `platform/workers` count as two, and the `service.ts` of each is a part of its own) or a file of src/ itself.
 * Neighbours on one rung may import each other in one direction only: a check for cycles between parts enforces that.
 */
export const LADDER: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  ports: ['lib'],
  tasks: FOUNDATION,
  contract: FOUNDATION,
  auth: KNOWLEDGE,
  policy: KNOWLEDGE,
  audit: KNOWLEDGE,
  // Beside the features: it checks settings with their own pure checks, and only the entries that choose adapters read
  // it.
  config: [...KNOWLEDGE, 'upstream'],
  ledger: [...KNOWLEDGE, 'upstream'],
  upstream: [...KNOWLEDGE, 'ledger'],
  invite: [...KNOWLEDGE, 'ledger', 'upstream'],
  // The published contract of the rungs below. Serving code takes the document through a port.
  openapi: KNOWLEDGE,
  deps: FEATURES,
  middleware: HTTP,
  routes: HTTP,
  app: HTTP,
  // The labels that counters can have, collected from every room that counts.
  'metric-series': [...HTTP, 'config'],
  // One deployment, the same on every runtime: settings and ports in, the app and its recurring work out.
  service: [...HTTP, 'app', 'config'],
  'platform/node': [...FEATURES, 'deps', 'config', 'openapi'],
  'platform/workers': [...FEATURES, 'deps', 'config', 'openapi'],
  // The compositions: the one file of a platform that knows the app.
  'platform/node/service': [...EVERYTHING, 'service', 'platform/node'],
  'platform/workers/service': [...EVERYTHING, 'service', 'platform/workers'],
  cli: [...EVERYTHING, 'cli', 'platform/node'],
  node: ['platform/node', 'platform/node/service'],
  worker: ['platform/workers', 'platform/workers/service'],
};

/** Where each package may be imported: a folder (ends in `/`) or one file. No other package may be imported at all. */
export const PACKAGE_HOMES: Readonly<Record<string, readonly string[]>> = {
  zod: Object.keys(LADDER).flatMap((part) => (part === 'lib' ? [] : [`src/${part}/`, `src/${part}.ts`])),
  '@noble/hashes': ['src/lib/'],
  canonicalize: ['src/lib/'],
  jose: ['src/auth/'],
  yaml: ['src/policy/load.ts', 'src/policy/write-yaml.ts'],
  hono: ['src/app.ts', 'src/middleware/', 'src/routes/'],
  '@hono/zod-validator': ['src/app.ts', 'src/middleware/', 'src/routes/'],
  '@hono/node-server': ['src/platform/node/http-server/listener.ts'],
  uuid: ['src/platform/node/', 'src/platform/workers/'],
  undici: ['src/platform/node/'],
  pg: ['src/platform/node/'],
  'prom-client': ['src/platform/node/'],
  pino: ['src/platform/node/telemetry/logger.ts', 'src/platform/workers/telemetry/logger.ts'],
  'node:': ['src/platform/node/', 'src/cli.ts', 'src/cli/'],
  'cloudflare:': ['src/platform/workers/'],
};

/** Whether `file` (a path from the repository's root) may import `packageName` (a key of PACKAGE_HOMES). */
export function mayImportPackage(file: string, packageName: string): boolean {
  const homes = PACKAGE_HOMES[packageName] ?? [];
  return homes.some((home) => (home.endsWith('/') ? file.startsWith(home) : file === home));
}

/** Entries, adapters and commands: the only parts of src/ that depend on a runtime. */
export const RUNTIME_FILES = ['src/platform/**', 'src/node.ts', 'src/worker.ts', 'src/cli.ts', 'src/cli/**'] as const;

/** Globals that the core may not name, each with the port that it takes as an argument instead. */
export const CORE_GLOBALS: Readonly<Record<string, string>> = {
  process: 'Settings come through config/, exits belong to entries.',
  Buffer: 'Use Uint8Array and TextEncoder.',
  global: 'Take a port as an argument.',
  globalThis: 'Take a port as an argument.',
  self: 'Take a port as an argument.',
  window: 'Take a port as an argument.',
  fetch: 'Take HttpPort (ports/http) or FetchDocument (key sets).',
  XMLHttpRequest: 'Take HttpPort or FetchDocument.',
  WebSocket: 'Take HttpPort or FetchDocument.',
  EventSource: 'Take HttpPort or FetchDocument.',
  setTimeout: 'Take the Schedule port.',
  setInterval: 'Take the Schedule port.',
  setImmediate: 'Take the Schedule port.',
  clearTimeout: 'Schedule.after returns what cancels it.',
  clearInterval: 'Schedule.after returns what cancels it.',
  clearImmediate: 'Schedule.after returns what cancels it.',
  queueMicrotask: 'Await, or take the Schedule port.',
  requestAnimationFrame: 'Take the Schedule port.',
  performance: 'Take the Clock port.',
  console: 'Take the Logger port.',
  navigator: 'The core does not ask where it runs.',
  caches: 'Take a port as an argument.',
};

/** Members that the core may not use: `[object, property, instead]`. */
export const CORE_PROPERTIES: readonly (readonly [object: string, property: string, instead: string])[] = [
  ['Date', 'now', 'Take the Clock port.'],
  ['Math', 'random', 'Take the Random port.'],
  ['crypto', 'randomUUID', 'Take the Ids port.'],
  ['crypto', 'getRandomValues', 'Take the Ids port.'],
  ['AbortSignal', 'timeout', 'Take the Schedule port and an AbortController.'],
];

/**
 * Globals that a browser, Node or a Worker does not have, so client/ may not name them. It imports its own files and no
 * package at all.
 */
export const CLIENT_LACKS: readonly string[] = [
  'process',
  'Buffer',
  'global',
  'window',
  'self',
  'document',
  'location',
  'navigator',
  'localStorage',
  'sessionStorage',
  'XMLHttpRequest',
  'setImmediate',
];
