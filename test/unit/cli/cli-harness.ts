/** Runs the command line with doubles of every port, and reports its requests, its output and its exit code. */
import { auditPorts } from '../../../src/cli/audit/ports.ts';
import { CommandError } from '../../../src/cli/command-line/command-error.ts';
import type { Print } from '../../../src/cli/command-line/print.ts';
import type { Terminal } from '../../../src/cli/command-line/terminal.ts';
import { COMMANDS } from '../../../src/cli/commands.ts';
import type { CliDeps } from '../../../src/cli/deps.ts';
import { runCli } from '../../../src/cli/run.ts';
import type { LedgerFacts } from '../../../src/cli/doctor/ledger-facts.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { beginRestore } from '../../../src/platform/node/ledger/copy/begin-restore.ts';
import { createBackup } from '../../../src/platform/node/ledger/copy/create-backup.ts';
import { durableFiles } from '../../../src/platform/node/ledger/copy/durable-files.ts';
import { beginMove } from '../../../src/platform/node/ledger/move/begin-move.ts';
import { openLedgerReader } from '../../../src/platform/node/ledger/chosen-ledger.ts';
import { loadPolicy } from '../../../src/policy/load.ts';
import { POSTGRES_SCHEMA_VERSION } from '../../../src/ledger/postgres/schema.ts';
import { LedgerServerError } from '../../../src/platform/node/ledger/postgres/tool-connections.ts';
import type { PostgresFacts } from '../../../src/platform/node/ledger/postgres/inspect-postgres.ts';
import { SCHEMA_VERSION } from '../../../src/ledger/sqlite/schema.ts';
import type { FetchDocument } from '../../../src/ports/fetch-document.ts';
import type { HttpExchange, HttpResult } from '../../../src/ports/http.ts';
import { createFakeClock, createFakeIds, TEST_TIME_MS } from '../../support/clock.ts';
import type { FakeClock } from '../../support/clock.ts';
import { es256Signer } from '../../support/tokens.ts';
import { CURRENT_USER } from '../../../dev/galileo.ts';

/** A key with every character that needs escaping in some encoding. */
export const KEY = 'cur-K3y/with+odd=chars%20and"quotes\\1234';
export const ISSUER_URL = 'https://login.example.com';
const ISSUERS = JSON.stringify([{ name: 'corp', issuer: ISSUER_URL, audience: 'invites' }]);

export const GOOD_ENV = { GALILEO_API_KEY: KEY, AUTH_ISSUERS: ISSUERS } as const;

export const POLICY = `version: 1
callers:
  hr-portal: { issuer: corp, client_id: [hr-portal] }
rules:
  - { id: hr-staff, allow: [hr-portal], domains: [acme.com], roles: [user], auth_methods: [okta] }
tests:
  - { as: hr-portal, invite: ann@acme.com, auth_method: okta, expect: allow, by: hr-staff }
`;

export const LEDGER: LedgerFacts = {
  kind: 'readable',
  inUse: true,
  writable: true,
  schemaVersion: SCHEMA_VERSION,
  records: 42,
  tail: { kind: 'intact', head: { seq: 42, hash: 'ab'.repeat(32) } },
  tables: { records: 42, unsettled: 0, faults: [] },
  clockMs: TEST_TIME_MS,
};

export const POSTGRES: Extract<PostgresFacts, { kind: 'reachable' }> = {
  kind: 'reachable',
  version: 150_004,
  settings: {
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    server_encoding: 'UTF8',
    synchronous_standby_names: '',
  },
  isStandby: false,
  clockAheadMs: 12,
  schemaVersion: POSTGRES_SCHEMA_VERSION,
  isPermitted: true,
  hasForeignObjects: false,
  hasUnloggedTable: false,
  trail: { records: 42, brokenAt: null, reachesAhead: false, tables: { records: 42, unsettled: 0, faults: [] } },
  lagMs: null,
  isEncrypted: true,
};

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly asked: readonly HttpExchange[];
}

export interface HarnessOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly policy?: string;
  /** Replaces the good answer to a request; null keeps it. */
  readonly answer?: (request: HttpExchange) => HttpResult | Promise<HttpResult> | null;
  readonly deps?: Partial<CliDeps>;
}

export function answer(status: number, body: unknown, headers: Record<string, string> = {}): HttpResult {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const standard = { 'content-type': 'application/json', date: new Date(TEST_TIME_MS).toUTCString() };
  return { kind: 'answered', status, headers: { ...standard, ...headers }, body: new TextEncoder().encode(text) };
}

export const hasKey = ({ headers }: HttpExchange): boolean => Object.keys(headers).includes('Galileo-API-Key');

const { jwk } = await es256Signer();

/** Answers with the metadata and keys of the one issuer, and with 404 for any other URL. */
export const fetchGoodDocument: FetchDocument = async ({ url }) => {
  const documents: Readonly<Record<string, unknown>> = {
    [`${ISSUER_URL}/.well-known/openid-configuration`]: { issuer: ISSUER_URL, jwks_uri: `${ISSUER_URL}/jwks` },
    [`${ISSUER_URL}/jwks`]: { keys: [jwk] },
  };
  const document = documents[url];
  return document === undefined
    ? { kind: 'failed', reason: 'bad_status', status: 404 }
    : { kind: 'document', text: JSON.stringify(document), contentType: 'application/json' };
};

/** Neither stdout nor stderr is a terminal. So wide that a sentence is on one line; a test of wrapping has its own width. */
export const PIPE: Terminal = {
  width: () => 1_000,
  showsProgress: () => false,
  draw: () => undefined,
  nextTurn: async () => undefined,
  beforeInterrupt: () => () => undefined,
};

export async function runCommand(args: readonly string[], options: HarnessOptions = {}): Promise<Ran> {
  return await startCommand(args, options).ended;
}

export function printTo(texts: string[]): Print {
  return async (text) => {
    texts.push(text);
    return 'printed';
  };
}

/** Starts a command without waiting for its end, so that a test can advance the time. */
export function startCommand(
  args: readonly string[],
  { env = GOOD_ENV, policy = POLICY, answer: reported = () => null, deps = {} }: HarnessOptions = {},
): { readonly ended: Promise<Ran>; readonly schedule: FakeClock } {
  const asked: HttpExchange[] = [];
  const printed: string[] = [];
  const complained: string[] = [];
  const clock = createFakeClock();
  const ports: CliDeps = {
    env,
    readText: () => Promise.reject(new Error('ENOENT')),
    writeNewText: () => Promise.reject(new CommandError('refused', 'no file is written here')),
    isFile: () => Promise.resolve(false),
    async openPolicy(_path, issuers) {
      const loaded = loadPolicy(policy, { issuers });
      return loaded.kind === 'refused' ? loaded : { kind: 'opened', policy: { current: () => loaded.policy } };
    },
    auditSecretProblems: async () => [],
    openRecordAddress: async () => (email) => email,
    async openKeys({ GALILEO_AUTH, GALILEO_API_KEY, GALILEO_PASSWORD, GALILEO_API_KEY_NEXT: next }) {
      const current = GALILEO_AUTH === 'api_key' ? GALILEO_API_KEY : GALILEO_PASSWORD;
      if (typeof current !== 'string') return { kind: 'refused', problems: ['GALILEO_API_KEY is missing here'] };
      const keys = { current: new Secret(current), next: typeof next === 'string' ? new Secret(next) : null };
      return { kind: 'opened', secrets: { galileoKeys: () => Promise.resolve(keys) } };
    },
    inspectLedger: () => Promise.resolve(LEDGER),
    readSignIns: async () => null,
    inspectPostgres: () => Promise.resolve(POSTGRES),
    openReader: openLedgerReader,
    openSideWriter: () => Promise.reject(new CommandError('refused', 'the ledger is not there')),
    userName: () => 'ops-1',
    audit: auditPorts,
    copies: {
      createBackup: (call) => createBackup(call, { files: durableFiles, uniqueName: () => 'test' }),
      beginRestore: (call) => beginRestore(call, { files: durableFiles, clock, ids: createFakeIds() }),
    },
    moves: { beginMove },
    recordAdoption: () => Promise.reject(new LedgerServerError('the server does not answer')),
    freeBytes: () => Promise.resolve(50 * 1024 ** 3),
    http: {
      async exchange(request) {
        asked.push(request);
        const special = await reported(request);
        if (special !== null) return special;
        if (!request.url.endsWith('/v2/current_user')) return answer(200, {});
        return hasKey(request) ? answer(200, CURRENT_USER) : answer(401, { detail: 'Invalid credentials' });
      },
    },
    fetchDocument: fetchGoodDocument,
    clock,
    schedule: clock,
    print: printTo(printed),
    printError: printTo(complained),
    terminal: PIPE,
    paint: (_style, text) => text,
    ...deps,
  };
  const ended = runCli(args, COMMANDS, ports).then((code) => ({
    code,
    stdout: printed.join(''),
    stderr: complained.join(''),
    asked,
  }));
  return { ended, schedule: clock };
}
