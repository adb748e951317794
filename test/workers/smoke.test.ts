import { exportJWK, generateKeyPair } from 'jose';
import { describe, expect, it } from 'vitest';
import { createApp } from '../../src/app.ts';
import { verifyChain } from '../../src/audit/chain.ts';
import type { RequestRecord } from '../../src/audit/record.ts';
import type { Deps } from '../../src/deps.ts';
import { createMemoryLedger } from '../support/ledger/memory-ledger.ts';
import type { Ledger } from '../../src/ledger/port.ts';
import { Secret } from '../../src/lib/secret.ts';
import { apiKeyCredentials } from '../support/upstream.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import type { HttpExchange } from '../../src/ports/http.ts';
import { createFakeClock, createFakeIds, createFakeTraceIds, TEST_TIME_MS } from '../support/clock.ts';
import { signToken } from './access-token.ts';

/**
 * The whole core in workerd: createApp with the memory ledger, a token with a real signature, and doubles at the ports
 * that would use the network. The test pool defines some of Node's globals, so this test does not prove that the core
 * is free of them; the compiler does (src/tsconfig.json).
 */
const ISSUER = 'https://id.example.com';
const AUDIENCE = 'galileo-invites';
const API_KEY = 'test-key-0f3c9a7e5b1d2468';
const POLICY = `
version: 1
callers:
  hr-portal: { issuer: corp, client_id: [hr-portal] }
rules:
  - { id: hr-staff, allow: [hr-portal], domains: [acme.com], roles: [user], auth_methods: [okta] }
quotas:
  - { id: app-day, per: client_id, window: 1d, emails: 10 }
`;
const INVITE = { auth_method: 'okta', emails: ['ann@acme.com'], role: 'user', send_email: false };

interface Service {
  /** Every exchange with the stand-in Galileo. */
  readonly exchanges: readonly HttpExchange[];
  readonly ledger: Ledger;
  invite(body: object, token?: string): Promise<Response>;
}

async function startService(): Promise<Service> {
  const clock = createFakeClock();
  const ids = createFakeIds();
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const keySet = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] });
  const ledger = createMemoryLedger({ clock, ids });
  const policy = loadPolicy(POLICY, { issuers: ['corp'] });
  if (policy.kind === 'refused') throw new Error(JSON.stringify(policy.problems));
  const exchanges: HttpExchange[] = [];
  const ignore = (): void => undefined;

  const deps: Deps = {
    clock,
    trustedClock: clock,
    ids,
    traceIds: createFakeTraceIds(),
    ledger,
    schedule: clock,
    background: { run: (task) => void task.catch(ignore) },
    logger: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    metrics: { count: ignore, observe: ignore },
    delivery: { wake: ignore },
    http: {
      async exchange(request) {
        exchanges.push(request);
        const body = new TextEncoder().encode('{"invited":1}');
        return { kind: 'answered', status: 200, headers: { 'content-type': 'application/json' }, body };
      },
    },
    async fetchDocument({ url }) {
      if (url !== `${ISSUER}/jwks.json`) return { kind: 'failed', reason: 'bad_status', status: 404 };
      return { kind: 'document', text: keySet, contentType: 'application/json' };
    },
    credentials: apiKeyCredentials({ galileoKeys: async () => ({ current: new Secret(API_KEY), next: null }) }),
    policy: { current: () => policy.policy },
    clientAddress: () => null,
    canAwaitAcrossRequests: false,
    draining: () => false,
    openApi: () => ({}),
    readPage: async () => new Uint8Array(),
    recordAddress: (email) => email,
    service: { name: 'galileo-invite-proxy', version: '0.0.0-test', runtime: 'workerd', instance: 'test' },
    settings: {
      issuers: [{ name: 'corp', issuer: ISSUER, audience: AUDIENCE, jwks_uri: `${ISSUER}/jwks.json` }],
      publicUrl: 'https://invites.example.com',
      corsOrigins: [],
      idempotency: 'optional',
      galileoApiUrl: 'https://api.example.com',
      galileoTimeoutMs: 15_000,
      insecureDev: false,
      reconciles: false,
      tracesUpstream: false,
      auditSinks: [],
      pages: false,
      consoleSignIn: { kind: 'not_set_up' },
    },
  };
  const app = createApp(deps);
  const goodToken = await signToken(privateKey, { issuer: ISSUER, atMs: TEST_TIME_MS });

  return {
    exchanges,
    ledger,
    async invite(body, token = goodToken) {
      return await app.request('/v2/invite_users', {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
    },
  };
}

async function recordsOf(ledger: Ledger): Promise<RequestRecord[]> {
  const lines = (await ledger.records(0, 100)).map(({ line }) => line);
  expect(verifyChain(lines).kind).toBe('intact');
  return lines.map((line) => JSON.parse(line) as RequestRecord);
}

/** The runtime's own SHA-256, to check the core's implementation against another one. */
async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

describe('the core inside workerd', () => {
  it('is inside workerd', () => {
    expect(navigator.userAgent).toBe('Cloudflare-Workers');
  });

  it('sends one invite with the key, and records the hash of exactly the bytes that were sent', async () => {
    const { exchanges, invite, ledger } = await startService();

    const response = await invite(INVITE);

    expect({ status: response.status, body: await response.text() }).toEqual({ status: 200, body: '{"invited":1}' });
    expect(exchanges).toHaveLength(1);
    const [sent] = exchanges;
    expect(sent?.url).toBe('https://api.example.com/v2/invite_users');
    expect(Object.entries(sent?.headers ?? {}).filter(([, value]) => value.includes(API_KEY))).toHaveLength(1);
    expect(JSON.parse(String(sent?.body))).toEqual({ ...INVITE, group_ids: [] });
    const [intent, outcome, ...more] = await recordsOf(ledger);
    expect(more).toEqual([]);
    expect([intent?.kind, outcome?.kind]).toEqual(['intent', 'outcome']);
    expect(intent?.request_sha256).toBe(await sha256(String(sent?.body)));
    expect(outcome?.request_sha256).toBe(intent?.request_sha256);
    expect(outcome?.outcome.result).toBe('accepted');
    expect(intent?.request_id).toBe(response.headers.get('X-Request-Id'));
  });

  it('refuses an address outside the policy by name, and sends nothing', async () => {
    const { exchanges, invite, ledger } = await startService();

    const response = await invite({ ...INVITE, emails: ['ann@rival.io'] });

    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      code: 'policy_denied',
      decisions: [{ email: 'ann@rival.io', decision: 'deny' }],
    });
    expect(exchanges).toEqual([]);
    expect((await recordsOf(ledger)).map(({ kind }) => kind)).toEqual(['denial']);
  });

  it('refuses a token with a foreign signature, and records nothing', async () => {
    const { exchanges, invite, ledger } = await startService();
    const { privateKey } = await generateKeyPair('ES256');
    const forged = await signToken(privateKey, { issuer: ISSUER, atMs: TEST_TIME_MS });

    const response = await invite(INVITE, forged);

    expect(response.status).toBe(401);
    expect(exchanges).toEqual([]);
    expect(await recordsOf(ledger)).toEqual([]);
  });
});
