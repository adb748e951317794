/**
 * The whole service in one process for HTTP tests: createService over test ports, with a fake clock and fake ids. By
 * default the ledger is the reference model in memory and Galileo is the stand-in in process. Tests of files,
 * connections or delivery ask for the real ones by name. Each answer is checked against /openapi.json, and after each
 * test every counted label is one that a fresh service exposes, and the trail is compared with the requests that the stand-in received.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import type { Delivery } from '../../src/audit/delivery/delivery.ts';
import { createDelivery } from '../../src/audit/delivery/delivery.ts';
import type { Outbox } from '../../src/audit/delivery/sink.ts';
import { createRecordAddress } from '../../src/audit/record-address.ts';
import type { RequestRecord } from '../../src/audit/record.ts';
import { createOpenApi } from '../../src/openapi/document.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/load.ts';
import type { Settings } from '../../src/config/schema.ts';
import type { Deps } from '../../src/deps.ts';
import type { IssuerConfig } from '../../src/auth/issuers.ts';
import { createService } from '../../src/service.ts';
import type { Service, ServicePorts } from '../../src/service.ts';
import type { Ledger } from '../../src/ledger/port.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createBackground, random, schedule } from '../../src/platform/node/runtime.ts';
import { createHttpClient } from '../../src/platform/node/http-client/http-client.ts';
import { readPage } from '../../src/platform/node/http-server/pages.ts';
import { openLedger } from '../../src/platform/node/ledger/open-ledger.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import type { HttpPort } from '../../src/ports/http.ts';
import type { LogFields, Logger } from '../../src/ports/logger.ts';
import type { AuthScheme } from '../../src/upstream/credentials.ts';
import type { Account } from '../../dev/galileo-account.ts';
import type { Galileo, GalileoOptions } from '../../dev/galileo.ts';
import { serveGalileo } from '../../dev/galileo.ts';
import type { IdentityProvider } from '../../dev/identity-provider.ts';
import { createIdentityProvider } from '../../dev/identity-provider.ts';
import type { FakeClock } from './clock.ts';
import { createFakeClock, createFakeIds, createFakeTraceIds } from './clock.ts';
import { createGalileoInProcess } from './servers/galileo-in-process.ts';
import { createMemoryLedger } from './ledger/memory-ledger.ts';
import { checkAgainstOpenApi } from './openapi-check.ts';
import { keepOperationalLines } from './audit/operational-lines.ts';
import { AUDIENCE, documentsOf, ISSUER } from './tokens.ts';
import { checkSeries } from './series-check.ts';
import type { Counted } from './series-check.ts';
import { checkTrail } from './audit/trail-check.ts';
import { ACCOUNT, SCHEME_UNDER_TEST } from './sign-in.ts';
import type { TestDocuments } from './tokens.ts';

export const API_KEY = 'test-key-0f3c9a7e5b1d2468';
/** What the service signs in with, where a test does not say. */
export const UPSTREAM_SECRET = SCHEME_UNDER_TEST === 'api_key' ? API_KEY : ACCOUNT.password;

export const POLICY = `
version: 1
domains:
  acme: [acme.com, "*.acme.com"]
  never: [rival.io]
callers:
  hr-portal: { issuer: corp, client_id: [hr-portal] }
force:
  - { id: staff-use-okta, domains: [eu.acme.com], auth_method: okta, send_email: false }
rules:
  - { id: never-invite, deny: any, domains: [$never] }
  - { id: hr-staff, allow: [hr-portal], domains: [$acme], roles: [user, read_only], auth_methods: [email, okta] }
quotas:
  - { id: batch, per: request, emails: 20 }
  - { id: app-day, per: client_id, window: 1d, emails: 50 }
tests:
  - { as: hr-portal, invite: ann@acme.com, expect: allow, by: hr-staff }
`;

export interface TestService {
  /** `url` is the GALILEO_API_URL that reaches it. */
  readonly galileo: Galileo & { readonly url: string };
  readonly identityProvider: IdentityProvider;
  readonly documents: TestDocuments;
  readonly clock: FakeClock;
  readonly deps: ServicePorts;
  /** Without the check of each answer. */
  readonly app: Service['app'];
  readonly sweep: Service['sweep'];
  readonly reconcile: Service['reconcile'];
  readonly groups: Service['groups'];
  /** All operational log lines, as text. */
  readonly logLines: readonly string[];
  /** All counted metrics, as `name{label=value,…}`. */
  readonly counted: readonly string[];
  token(claims?: Record<string, unknown>): Promise<string>;
  /** Sends any request. The path is relative to the service. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** POST /v2/invite_users with a valid token. A `body` that is text is sent unchanged. */
  invite(body: unknown, options?: InviteOptions): Promise<Response>;
  /** The trail so far. */
  records(): Promise<RequestRecord[]>;
  /** Runs one statement in the ledger's file, as another program would. Returns its rows. */
  sql(statement: string, ...params: readonly (string | number)[]): Record<string, unknown>[];
}

export interface InviteOptions {
  readonly token?: string;
  readonly query?: string;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

export interface TestServiceOptions {
  /** `file`: SQLite in a temporary folder, with a delivery to a sink that accepts everything. */
  readonly ledger?: 'memory' | 'file';
  /** `served`: on a socket, with the real HTTP client. */
  readonly galileo?: 'in_process' | 'served';
  readonly policy?: string;
  readonly settings?: Partial<Settings>;
  readonly issuers?: readonly IssuerConfig[];
  readonly deps?: Partial<ServicePorts>;
  /** The keys that the stand-in Galileo accepts. By default, the service's key. */
  readonly acceptedKeys?: readonly string[];
  readonly nextKey?: string;
  /** How the service signs in to Galileo. By default as the whole run does (sign-in.ts), or with a key when keys are given. */
  readonly scheme?: AuthScheme;
  /** Wraps the ledger of the app. */
  readonly wrapLedger?: (ledger: Ledger) => Ledger;
  /** Is given what is to run in the end, the last first; left out, it runs after the test. */
  readonly closeBy?: (close: () => void | Promise<void>) => void;
}

/** Closes after the test, or as `closeBy` says. */
export async function startTestService(options: TestServiceOptions = {}): Promise<TestService> {
  const clock = createFakeClock();
  const ids = createFakeIds();
  const logLines: string[] = [];
  const counted: string[] = [];
  const series: Counted[] = [];
  const { closeBy = onTestFinished } = options;
  const scheme = schemeOf(options);
  const isKey = scheme === 'api_key';
  const keys = isKey ? [API_KEY, ...(options.nextKey === undefined ? [] : [options.nextKey])] : [ACCOUNT.password];
  const logger = keepLines(
    logLines,
    keepOperationalLines(() => [...keys, ...(galileo.account?.tokens ?? [])], closeBy),
  );
  const accepts = isKey ? { apiKeys: [...(options.acceptedKeys ?? [API_KEY])] } : { apiKeys: [], account: ACCOUNT };
  const { http, ...galileo } =
    options.galileo === 'served'
      ? await serveForReal(accepts)
      : { ...createGalileoInProcess({ ...accepts, schedule: options.deps?.schedule ?? schedule }), close: doNothing };
  const identityProvider = createIdentityProvider({ issuer: ISSUER, audience: AUDIENCE, now: clock.now });
  const documents = documentsOf(identityProvider.app);
  const metrics: Deps['metrics'] = {
    count(name, labels = {}) {
      const pairs = Object.entries(labels).map((pair) => pair.join('='));
      counted.push(`${name}{${pairs.join(',')}}`);
      series.push({ name, labels });
    },
    observe: () => undefined,
  };
  const stored =
    options.ledger === 'file'
      ? await openLedgerFile({ clock, ids, logger, metrics })
      : { ledger: createMemoryLedger({ clock, ids }), path: null, close: doNothing };
  const ledger = options.wrapLedger?.(stored.ledger) ?? stored.ledger;
  const delivery = options.ledger === 'file' ? deliverNowhere({ outbox: ledger, clock, logger }) : IDLE;
  const loaded = loadPolicy(options.policy ?? POLICY, { issuers: ['corp'] });
  if (loaded.kind === 'refused')
    throw new Error(loaded.problems.map(({ line, message }) => `${line}: ${message}`).join('\n'));
  const background = createBackground(logger);

  galileo.account?.setClock(clock.now);
  const config = await configOf(galileo.url, scheme, options);
  const [current, next = null] = keys.map((key) => new Secret(key));
  if (current === undefined) throw new Error('there is no key');
  const deps: ServicePorts = {
    clock,
    trustedClock: clock,
    ids,
    traceIds: createFakeTraceIds(),
    schedule,
    background,
    logger,
    http,
    ledger,
    delivery,
    metrics,
    fetchDocument: documents.fetchDocument,
    secrets: { galileoKeys: async () => ({ current, next }) },
    policy: { current: () => loaded.policy },
    clientAddress: () => '192.0.2.7',
    canAwaitAcrossRequests: true,
    draining: () => false,
    readPage,
    openApi: () => createOpenApi({ version: '0.0.0-test', publicUrl: config.settings.PUBLIC_URL }),
    recordAddress: createRecordAddress({ kind: 'plain' }),
    service: { name: 'galileo-invite-proxy', version: '0.0.0-test', runtime: 'test', instance: 'test' },
    ...options.deps,
    ...(options.deps?.http === undefined ? {} : { http: withLogins(options.deps.http, galileo.account) }),
  };
  const { app, sweep, reconcile, groups } = createService(config, deps);
  const readTrail = async (): Promise<RequestRecord[]> => {
    const records: RequestRecord[] = [];
    for (;;) {
      const page = await stored.ledger.records(records.at(-1)?.seq ?? 0, 10_000);
      if (page.length === 0) return records;
      records.push(...page.map(({ line }) => JSON.parse(line) as RequestRecord));
    }
  };
  closeBy(async () => {
    await background.idle();
    // With another HTTP port nothing arrives at the stand-in.
    checkTrail(options.deps?.http === undefined ? galileo.received : null, await readTrail());
    checkSeries(series, config);
    await delivery.stop();
    await galileo.close();
    await stored.close();
  });

  const request = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await app.request(path, init);
    await checkAgainstOpenApi(app, init.method ?? 'GET', path, response);
    return response;
  };
  const token = (claims: Record<string, unknown> = {}) => identityProvider.issue({ sub: 'hr-portal', ...claims });
  return {
    galileo,
    identityProvider,
    documents,
    clock,
    deps,
    app,
    sweep,
    reconcile,
    groups,
    logLines,
    counted,
    token,
    request,
    async invite(body, { token: given, query = '', headers = {}, signal } = {}) {
      return await request(`/v2/invite_users${query}`, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${given ?? (await token())}`,
          'Content-Type': 'application/json',
          ...headers,
        },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...(signal === undefined ? {} : { signal }),
      });
    },
    records: readTrail,
    sql(statement, ...params) {
      if (stored.path === null) throw new Error('the ledger of this test is in memory');
      const database = new DatabaseSync(stored.path);
      try {
        return database.prepare(statement).all(...params);
      } finally {
        database.close();
      }
    },
  };
}

/** A configuration as the service reads it, with what a test asks for in place. */
async function configOf(
  galileoUrl: string,
  scheme: AuthScheme,
  { settings = {}, issuers, nextKey, deps }: TestServiceOptions,
): Promise<Config> {
  const { username, password } = ACCOUNT;
  const signIn =
    scheme === 'api_key' ? { GALILEO_API_KEY: API_KEY } : { GALILEO_USERNAME: username, GALILEO_PASSWORD: password };
  const env = {
    GALILEO_AUTH: scheme,
    ...signIn,
    AUTH_ISSUERS: JSON.stringify([{ name: 'corp', issuer: ISSUER, audience: AUDIENCE }]),
    PUBLIC_URL: 'https://invites.example.com',
    CORS_ORIGINS: 'https://hr.example.com',
  };
  const loaded = await loadConfig({ env, readText: () => Promise.reject(new Error('no files')) });
  if (loaded.kind === 'refused') throw new Error(JSON.stringify(loaded.problems));
  const { config } = loaded;
  return {
    settings: {
      ...config.settings,
      INSECURE_DEV: true,
      GALILEO_API_URL: galileoUrl,
      GALILEO_API_KEY_NEXT: nextKey ?? null,
      SHADOW_POLICY_FILE: deps?.shadowPolicy === undefined ? null : 'shadow.yaml',
      ...settings,
    },
    issuers: issuers ?? config.issuers,
  };
}

/** A test with an HTTP port of its own is about invites, so the account of the stand-in answers the logins. */
function withLogins(http: HttpPort, account: Account | null): HttpPort {
  if (account === null) return http;
  return {
    async exchange(request) {
      if (!request.url.endsWith('/login')) return await http.exchange(request);
      const { status, body } = account.login(String(request.body));
      return {
        ...{ kind: 'answered', status, headers: { 'content-type': 'application/json' } },
        body: new TextEncoder().encode(JSON.stringify(body)),
      };
    },
  };
}

/** A test that gives keys is about keys. */
function schemeOf({ scheme, nextKey, acceptedKeys }: TestServiceOptions): AuthScheme {
  const isAboutKeys = nextKey !== undefined || acceptedKeys !== undefined;
  return scheme ?? (isAboutKeys ? 'api_key' : SCHEME_UNDER_TEST);
}

async function doNothing(): Promise<void> {}

const IDLE = { wake: () => undefined, stop: doNothing };

async function serveForReal(accepts: Pick<GalileoOptions, 'apiKeys' | 'account'>) {
  const galileo = await serveGalileo({ port: 0, ...accepts });
  const http = createHttpClient();
  return {
    ...galileo,
    http,
    async close() {
      await http.close();
      await galileo.close();
    },
  };
}

async function openLedgerFile(ports: Pick<Deps, 'ids' | 'logger' | 'metrics'> & { readonly clock: FakeClock }) {
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-test-'));
  const path = join(folder, 'ledger.db');
  const ledger = await openLedger({ path, ...ports });
  return {
    ledger,
    path,
    async close() {
      await ledger.close();
      await rm(folder, { recursive: true });
    },
  };
}

function deliverNowhere(ports: { readonly outbox: Outbox } & Pick<Deps, 'clock' | 'logger'>): Delivery {
  const sink = { name: 'test', write: doNothing };
  return createDelivery({ ...ports, sink, schedule, random, metrics: { count: () => undefined } });
}

function keepLines(lines: string[], keepOperational: (line: string) => void): Logger {
  const keep =
    (level: string) =>
    (event: string, fields: LogFields = {}) => {
      const line = JSON.stringify({ level, event, ...fields });
      keepOperational(line);
      lines.push(line);
    };
  return { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') };
}
