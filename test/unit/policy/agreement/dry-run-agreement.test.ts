/**
 * A dry run predicts what the real run does: random policies and requests through the whole app, with a ledger in
 * memory and a scripted upstream. Every real run follows its dry run, on counters that earlier runs have used.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createIdentityProvider } from '../../../../dev/identity-provider.ts';
import { createApp } from '../../../../src/app.ts';
import { canonicalBody } from '../../../../src/invite/admit/canonical.ts';
import { createMemoryLedger } from '../../../support/ledger/memory-ledger.ts';
import type { Ledger } from '../../../../src/ledger/port.ts';
import { Secret } from '../../../../src/lib/secret.ts';
import { apiKeyCredentials } from '../../../support/upstream.ts';
import { compilePolicy } from '../../../../src/policy/compile.ts';
import type { PolicyFile } from '../../../../src/policy/document/schema.ts';
import { createFakeClock, createFakeIds, createFakeTraceIds } from '../../../support/clock.ts';
import { naiveCovers, testPrincipal } from '../../../support/policy.ts';
import { AUDIENCE, documentsOf, ISSUER } from '../../../support/tokens.ts';
import { handlings, NOW_MS, policyFiles, requests } from './arbitraries.ts';

const RUNS = 2000;

const callers = fc.record({
  clientId: fc.constantFrom('portal', 'hr', 'sub-1'),
  subject: fc.constantFrom('sub-1', 'sub-2'),
  groups: fc.subarray(['it', 'sec', 'staff']),
});
type Caller = typeof callers extends fc.Arbitrary<infer T> ? T : never;

interface Answer {
  readonly status: number;
  readonly body: {
    readonly decision?: string;
    readonly refused_by?: string | null;
    readonly quota?: string | null;
    readonly quotas?: unknown;
    readonly decisions?: readonly { readonly decision: string }[];
    readonly body?: { readonly emails: readonly string[] };
    readonly code?: string;
  };
}

function createHarness() {
  const clock = createFakeClock(NOW_MS);
  const ids = createFakeIds();
  const identityProvider = createIdentityProvider({ issuer: ISSUER, audience: AUDIENCE, now: clock.now });
  const silent = (): void => undefined;
  const sent: string[] = [];
  const tokens = new Map<string, Promise<string>>();
  let current = { ledger: createMemoryLedger({ clock, ids }), policy: compilePolicy({ version: 1, rules: [] }, '') };
  const ledger = new Proxy({} as Ledger, { get: (_target, method: keyof Ledger) => current.ledger[method] });
  const app = createApp({
    clock,
    trustedClock: clock,
    ids,
    traceIds: createFakeTraceIds(),
    ledger,
    schedule: clock,
    background: { run: silent },
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    metrics: { count: silent, observe: silent },
    fetchDocument: documentsOf(identityProvider.app).fetchDocument,
    http: {
      async exchange({ body }) {
        sent.push(String(body ?? ''));
        return {
          kind: 'answered',
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: new TextEncoder().encode('{}'),
        };
      },
    },
    credentials: apiKeyCredentials({
      galileoKeys: async () => ({ current: new Secret('test-key-0f3c9a7e5b1d2468'), next: null }),
    }),
    delivery: { wake: silent },
    policy: { current: () => current.policy },
    clientAddress: () => null,
    canAwaitAcrossRequests: true,
    draining: () => false,
    recordAddress: (email) => email,
    openApi: () => ({}),
    readPage: async () => new Uint8Array(),
    service: { name: 'galileo-invite-proxy', version: '0.0.0-test', runtime: 'test', instance: 'test' },
    settings: {
      issuers: [{ name: 'corp', issuer: ISSUER, audience: AUDIENCE }],
      publicUrl: null,
      corsOrigins: [],
      idempotency: 'optional',
      galileoApiUrl: 'https://galileo.example',
      galileoTimeoutMs: 15_000,
      insecureDev: false,
      reconciles: false,
      tracesUpstream: false,
      consoleSignIn: { kind: 'not_set_up' },
      auditSinks: [],
      pages: false,
    },
  });

  function tokenOf({ clientId, subject, groups }: Caller): Promise<string> {
    const key = JSON.stringify([clientId, subject, groups]);
    const token = tokens.get(key) ?? identityProvider.issue({ client_id: clientId, sub: subject, groups });
    tokens.set(key, token);
    return token;
  }

  return {
    sent,
    /** Switches to this policy and to an empty ledger. */
    begin(file: PolicyFile) {
      current = { ledger: createMemoryLedger({ clock, ids }), policy: compilePolicy(file, 'ab'.repeat(32)) };
      sent.length = 0;
    },
    async ask(caller: Caller, asked: object, handling: string, query = ''): Promise<Answer> {
      const response = await app.request(`/v2/invite_users${query}`, {
        method: 'POST',
        headers: {
          Authorization: `Bearer ${await tokenOf(caller)}`,
          'Content-Type': 'application/json',
          Prefer: `handling=${handling}`,
        },
        body: JSON.stringify(asked),
      });
      return { status: response.status, body: (await response.json()) as Answer['body'] };
    },
  };
}

describe('a dry run and the real run after it', { timeout: 300_000 }, () => {
  let harness: ReturnType<typeof createHarness>;
  beforeAll(() => {
    harness = createHarness();
  });

  it('agree: on the verdict, on each address, on the quota that is short, and to the byte on what is sent', async () => {
    const seen = { sent: 0, partly: 0, denied: 0, exhausted: 0 };
    await fc.assert(
      fc.asyncProperty(
        policyFiles,
        callers,
        fc.array(requests, { maxLength: 3 }),
        requests,
        handlings,
        async (file, caller, before, asked, handling) => {
          harness.begin(file);
          for (const earlier of before) await harness.ask(caller, earlier, handling);
          harness.sent.length = 0;

          const dry = await harness.ask(caller, asked, handling, '?dry_run=true');
          expect(harness.sent).toEqual([]);
          // A dry run changes nothing.
          expect(await harness.ask(caller, asked, handling, '?dry_run=true')).toEqual(dry);
          const real = await harness.ask(caller, asked, handling);

          expect(dry.status).toBe(200);
          if (dry.body.decision === 'allow') {
            const refused = (dry.body.decisions ?? []).filter(({ decision }) => decision === 'deny');
            expect(real.status).toBe(refused.length > 0 ? 207 : 200);
            expect(harness.sent).toEqual([canonicalBody(dry.body.body as Parameters<typeof canonicalBody>[0])]);
            seen.sent += 1;
            seen.partly += refused.length > 0 ? 1 : 0;
          } else {
            expect(harness.sent).toEqual([]);
            const exhausted = typeof dry.body.quota === 'string';
            expect([real.status, real.body.code]).toEqual(
              exhausted ? [429, 'quota_exhausted'] : [403, 'policy_denied'],
            );
            const namesInvitees = real.body.decisions !== undefined;
            if (!exhausted || namesInvitees) expect(real.body.decisions).toEqual(dry.body.decisions);
            seen[exhausted ? 'exhausted' : 'denied'] += 1;
          }
        },
      ),
      { numRuns: RUNS },
    );
    // Each ending occurred often enough to be tested; the rarest one comes in about one run of a hundred.
    for (const times of Object.values(seen)) expect(times).toBeGreaterThan(RUNS / 200);
  });

  it('send to nobody whom no allow rule of the caller covers', async () => {
    let reached = 0;
    await fc.assert(
      fc.asyncProperty(policyFiles, callers, requests, handlings, async (file, caller, asked, handling) => {
        harness.begin(file);
        await harness.ask(caller, asked, handling);
        const principal = testPrincipal({ ...caller, kind: caller.clientId === caller.subject ? 'app' : 'user' });
        const emails = harness.sent.flatMap((body) => (JSON.parse(body) as { emails: string[] }).emails);
        expect(emails.filter((email) => !naiveCovers(file, principal, email, NOW_MS))).toEqual([]);
        reached += emails.length;
      }),
      { numRuns: RUNS },
    );
    expect(reached).toBeGreaterThan(RUNS / 20);
  });
});
