import { env, exports } from 'cloudflare:workers';
import { exportJWK, generateKeyPair } from 'jose';
import type { CryptoKey } from 'jose';
import type { RequestRecord } from '../../src/audit/record.ts';
import type { Bindings } from '../../src/platform/workers/bindings.ts';
import { clock as platformClock } from '../../src/platform/workers/runtime.ts';
import { createLedger } from '../../src/platform/workers/ledger/client.ts';
import { createWorker } from '../../src/worker.ts';
import { signToken } from './access-token.ts';
import { served } from './entry.ts';

/**
 * The whole Worker (src/worker.ts) behind its real entry point: every request has its own context, which the platform
 * ends when the caller disconnects. Galileo and the issuer are doubles behind its `fetch`. A double waits with a timer
 * of the request under test, because only such a timer ends with that request.
 */
const ISSUER = 'https://login.example.com';
const KEY = 'test-key-0f3c9a7e5b1d2468';
export const POLICY = {
  version: 1,
  callers: { 'hr-portal': { issuer: 'corp', client_id: ['hr-portal'] } },
  rules: [{ id: 'hr-staff', allow: ['hr-portal'], domains: ['acme.com'], roles: ['user'], auth_methods: ['okta'] }],
};

export interface Upstream {
  /** Bodies of POST /v2/invite_users, unchanged. */
  readonly received: string[];
  /** Galileo's answer. A wait in it belongs to the request under test. */
  answer: () => Promise<Response>;
  /** Galileo's answer to GET /v2/groups. */
  groups: () => Promise<Response>;
  /** The URLs of all GET /v2/groups. */
  readonly lookUps: string[];
  /** The answer for the issuer's key set. */
  keys: () => Promise<Response>;
  keyFetches: number;
  /** The fetches that were not interrupted. */
  keyFetchesEnded: number;
}

export interface WholeWorker {
  readonly upstream: Upstream;
  readonly worker: ExportedHandler<Bindings>;
  readonly bindings: Bindings;
  /** Its log so far, one line each. */
  readonly lines: readonly string[];
  /** The Worker's clock, which runs until it is stopped. The ledger object has its own. */
  readonly clock: { now(): number; advance(ms: number): void; stop(): void };
  /** The issuer's key set, with the one key that `token` signs with. */
  readonly jwks: string;
  /** Signed with the issuer's key, unless with another one. */
  token(signing?: { readonly kid?: string; readonly key?: CryptoKey }): Promise<string>;
  ask(path: string, init?: RequestInit): Promise<Response>;
  /** POST /v2/invite_users for one address. */
  invite(email: string, init?: { readonly signal?: AbortSignal; readonly key?: string }): Promise<Response>;
  /** Kind and result of each record of the request for this address. */
  recordsOf(email: string): Promise<string[]>;
}

export async function startWhole(
  changes: Record<string, unknown> = {},
  policy: unknown = POLICY,
): Promise<WholeWorker> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] });
  const upstream: Upstream = {
    received: [],
    answer: async () => Response.json({ invited: 1 }),
    groups: async () => Response.json({ groups: [], next_starting_token: null }),
    lookUps: [],
    keys: async () => new Response(jwks, { headers: { 'Content-Type': 'application/json' } }),
    keyFetches: 0,
    keyFetchesEnded: 0,
  };
  const jwksPath = `/jwks-${crypto.randomUUID()}`;
  const fetchOutside = async (input: URL | RequestInfo, init?: RequestInit): Promise<Response> => {
    const url = input instanceof Request ? input.url : String(input);
    if (url === `${ISSUER}${jwksPath}`) {
      upstream.keyFetches += 1;
      const keys = await upstream.keys();
      upstream.keyFetchesEnded += 1;
      return keys;
    }
    if (url.includes('/v2/groups?')) {
      upstream.lookUps.push(url);
      return await upstream.groups();
    }
    if (url.endsWith('/v2/invite_users')) {
      upstream.received.push(init?.body as string);
      return await upstream.answer();
    }
    throw new Error('nobody there');
  };
  let shiftMs = 0;
  let stoppedMs: number | null = null;
  const clock: WholeWorker['clock'] = {
    now: () => (stoppedMs ?? platformClock.now()) + shiftMs,
    advance: (ms) => void (shiftMs += ms),
    stop: () => void (stoppedMs = platformClock.now()),
  };
  const bindings = {
    ...(env as unknown as Bindings),
    GALILEO_API_KEY: KEY,
    AUTH_ISSUERS: JSON.stringify([
      { name: 'corp', issuer: ISSUER, audience: 'galileo-invites', jwks_uri: `${ISSUER}${jwksPath}` },
    ]),
    ...changes,
  } as unknown as Bindings;
  const lines: string[] = [];
  const worker = createWorker(policy, { write: (line) => void lines.push(line), fetch: fetchOutside, clock });
  served.fetch = (request, _env, context) => {
    const answer = worker.fetch?.(request, bindings, context);
    if (answer === undefined) throw new Error('the Worker answers no requests');
    return answer;
  };
  const token: WholeWorker['token'] = async ({ kid = 'k1', key = privateKey } = {}) =>
    await signToken(key, { issuer: ISSUER, atMs: clock.now(), kid });
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> =>
    await (exports as unknown as { default: Fetcher }).default.fetch(`https://invites.example.com${path}`, init);
  return {
    upstream,
    worker,
    bindings,
    lines,
    clock,
    jwks,
    token,
    ask,
    async invite(email, { signal, key } = {}) {
      return await ask('/v2/invite_users', {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${await token()}`,
          'Content-Type': 'application/json',
          ...(key === undefined ? {} : { 'Idempotency-Key': key }),
        },
        body: JSON.stringify({ auth_method: 'okta', emails: [email], role: 'user', send_email: false }),
        ...(signal === undefined ? {} : { signal }),
      });
    },
    async recordsOf(email) {
      const ignore = (): void => undefined;
      const ledger = createLedger({
        namespace: (env as unknown as Bindings).LEDGER,
        clock,
        logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
        metrics: { count: ignore },
      });
      const records = (await ledger.records(0, 1000)).map(({ line }) => JSON.parse(line) as RequestRecord);
      const mine = records.find((record) => JSON.stringify(record).includes(email))?.request_id;
      return records
        .filter(({ request_id: id }) => id === mine && id !== undefined)
        .map(({ kind, outcome }) => `${kind} ${outcome.result}`);
    },
  };
}

/** Polls for `ms`: only a failing test waits so long. False when the condition stayed false, usually because the platform ended the work behind it. */
export async function until(isTrue: () => boolean | Promise<boolean>, ms = 30_000): Promise<boolean> {
  for (let waited = 0; waited < ms; waited += 20) {
    if (await isTrue()) return true;
    await scheduler.wait(20);
  }
  return false;
}
