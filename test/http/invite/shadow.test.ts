/** The shadow policy: it is evaluated beside the active policy and reported, and it decides nothing. */
import { describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../../src/audit/record.ts';
import { createOpsApp } from '../../../src/routes/operations/ops-app.ts';
import { policyFrom } from '../../support/policy.ts';
import type { TestService } from '../../support/service.ts';
import { POLICY, startTestService } from '../../support/service.ts';

/** Narrower than the active policy in one point, wider in another, and with a forced value. */
const SHADOW = `
version: 1
callers:
  hr-portal: { issuer: corp, client_id: [hr-portal] }
force:
  - { id: no-mail, domains: [acme.com], send_email: false }
rules:
  - { id: staff, allow: [hr-portal], domains: [acme.com, partner.io], roles: [user], auth_methods: any }
quotas:
  - { id: app-hour, per: client_id, window: 1h, emails: 2 }
`;

const shadowed = (shadow: () => ReturnType<typeof policyFrom>): Promise<TestService> =>
  startTestService({ deps: { shadowPolicy: { current: shadow } } });
const withShadow = (): Promise<TestService> => shadowed(() => policyFrom(SHADOW));

const shadowCounts = ({ counted }: TestService): string[] => counted.filter((metric) => metric.startsWith('shadow_'));
const shadowLines = ({ logLines }: TestService) =>
  logLines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ event }) => String(event).startsWith('shadow'));

describe('a shadow policy', () => {
  it('is heard where it would deny, allow, or send other values, by rule id and without addresses', async () => {
    const service = await withShadow();
    const first = await service.invite({ emails: ['ann@acme.com'], role: 'read_only' });
    expect(first.status).toBe(200);
    expect((await service.invite({ emails: ['pat@partner.io', 'pam@partner.io'] })).status).toBe(403);
    expect((await service.invite({ emails: ['bob@acme.com'] })).status).toBe(200);
    expect(shadowCounts(service)).toEqual([
      'shadow_decisions{result=divergent}',
      'shadow_divergences{kind=would_deny,rule=staff}',
      'shadow_decisions{result=divergent}',
      'shadow_divergences{kind=would_allow,rule=staff}',
      'shadow_decisions{result=divergent}',
      'shadow_divergences{kind=other_values,rule=no-mail}',
    ]);
    expect(shadowLines(service)).toMatchObject([
      {
        level: 'info',
        event: 'shadow_divergence',
        request_id: first.headers.get('X-Request-Id'),
        kind: 'would_deny',
        active_rule: 'hr-staff',
        shadow_rule: 'staff',
        because: 'roles',
        addresses: 1,
        shadow_digest: policyFrom(SHADOW).digest,
      },
      { kind: 'would_allow', active_rule: null, shadow_rule: 'staff', because: 'no-rule', addresses: 2 },
      { kind: 'other_values', active_rule: null, shadow_rule: 'no-mail', because: 'send_email', addresses: 1 },
    ]);
    expect(JSON.stringify([service.logLines, service.counted])).not.toContain('@');
  });

  it('is counted as agreeing where it agrees, and then says nothing', async () => {
    const service = await withShadow();
    await service.invite({ emails: ['eve@rival.io'] });
    expect(shadowCounts(service)).toEqual(['shadow_decisions{result=same}']);
    expect(shadowLines(service)).toEqual([]);
  });

  it('changes no answer, no record, no body and no counter', async () => {
    const run = async (service: TestService) => {
      const answers: unknown[] = [];
      for (const body of [
        { emails: ['ann@acme.com'], role: 'read_only' },
        { emails: ['bob@acme.com', 'pat@partner.io'] },
        { emails: ['bob@acme.com', 'cid@acme.com'] },
      ]) {
        const response = await service.invite(body, { token: await service.token({ jti: 'token-1' }) });
        answers.push(response.status, [...response.headers], await response.text());
      }
      const records = (await service.records()).map(({ source: _source, ...record }: RequestRecord) => record);
      return { answers, records, sent: service.galileo.received.map(({ body }) => body) };
    };
    const [alone, beside] = [await run(await startTestService()), await run(await withShadow())];
    expect(beside).toEqual(alone);
  });

  it('is not asked about dry runs', async () => {
    const service = await withShadow();
    await service.invite({ emails: ['ann@acme.com'] }, { query: '?dry_run=true' });
    expect(shadowCounts(service)).toEqual([]);
  });

  it('is asked once a request, so that one request sees one shadow', async () => {
    let asked = 0;
    const service = await shadowed(() => {
      asked += 1;
      return policyFrom(SHADOW);
    });
    await service.invite({ emails: ['ann@acme.com', 'pat@partner.io'] });
    expect(asked).toBe(1);
  });

  it('that fails is counted, and the request goes its way', async () => {
    const service = await shadowed(() => {
      throw new TypeError('cannot read ann@acme.com of undefined');
    });
    expect((await service.invite({ emails: ['ann@acme.com'] })).status).toBe(200);
    expect(shadowCounts(service)).toEqual(['shadow_decisions{result=failed}']);
    expect(shadowLines(service)).toMatchObject([{ level: 'error', event: 'shadow_failed', error: 'TypeError' }]);
    expect(JSON.stringify(service.logLines)).not.toContain('@');
  });

  it('writes at most ten lines for one request, and counts each rule once', async () => {
    const rules = Array.from({ length: 20 }, (_, n) => `  - { id: r${n}, deny: any, emails: [p${n}@acme.com] }\n`);
    const service = await shadowed(() => policyFrom(`version: 1\nrules:\n${rules.join('')}`));
    await service.invite({ emails: Array.from({ length: 20 }, (_, n) => `p${n}@acme.com`) });
    expect(shadowLines(service)).toHaveLength(10);
    expect(shadowCounts(service)).toHaveLength(21);
  });
});

describe('a policy that changes', () => {
  it('is seen once by each request: decision, digest and record are of the same one', async () => {
    // Each read gives another policy.
    const allowing = policyFrom(POLICY);
    const denying = policyFrom(
      POLICY.replace('domains: [$acme]', 'domains: [partner.io]').replace(/\ntests:[^]*$/, ''),
    );
    let looks = 0;
    const current = () => {
      looks += 1;
      return looks % 2 === 1 ? allowing : denying;
    };
    const service = await startTestService({ deps: { policy: { current } } });
    // The app alone, because the test service reads /openapi.json after each answer.
    const { app } = service;
    const headers = { Authorization: `Bearer ${await service.token()}`, 'Content-Type': 'application/json' };
    const invite = { method: 'POST', headers, body: JSON.stringify({ emails: ['ann@acme.com'] }) };
    for (const [times, { status, digest, verdict }] of [
      { status: 200, digest: allowing.digest, verdict: 'allow' },
      { status: 403, digest: denying.digest, verdict: 'deny' },
      { status: 200, digest: allowing.digest, verdict: 'allow' },
    ].entries()) {
      const response = await app.request('/v2/invite_users', invite);
      expect(looks).toBe(times + 1);
      expect(response.status).toBe(status);
      expect(response.headers.get('Policy-Digest')).toBe(`sha256:${digest}`);
      expect((await service.records()).at(-1)?.policy).toMatchObject({ digest, verdict });
    }
    const described = await app.request('/v2/invite_policy', { headers });
    expect(looks).toBe(4);
    expect(described.headers.get('Policy-Digest')).toBe(`sha256:${denying.digest}`);
    expect(await described.json()).toMatchObject({ digest: denying.digest });
  });
});

describe('GET /readyz on the ops port', () => {
  it('says which policies are in force since when, and what became of their files', async () => {
    const { deps } = await startTestService();
    const problems = Array.from({ length: 30 }, (_, n) => ({ line: n + 1, column: 3, message: 'unknown key' }));
    const app = createOpsApp({
      ...deps,
      trailFault: () => null,
      delivery: { status: () => [] },
      exposeMetrics: async () => ({ contentType: 'text/plain', text: '' }),
      policy: {
        current: deps.policy.current,
        status: () => ({ digest: 'a'.repeat(64), sinceMs: 1_000, last: { result: 'refused', atMs: 61_000, problems } }),
      },
      shadowPolicy: {
        current: deps.policy.current,
        status: () => ({ digest: 'b'.repeat(64), sinceMs: 2_000, last: { result: 'loaded', atMs: 2_000 } }),
      },
    });
    const response = await app.request('/readyz');
    // The old policy stays in force.
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      status: 'ready',
      ledger: 'ok',
      audit: [],
      trail: 'intact',
      checkpoint: null,
      draining: false,
      policy: {
        digest: 'a'.repeat(64),
        since: '1970-01-01T00:00:01.000Z',
        last: {
          result: 'refused',
          at: '1970-01-01T00:01:01.000Z',
          problem_count: 30,
          problems: problems.slice(0, 20),
        },
      },
      shadow_policy: {
        digest: 'b'.repeat(64),
        since: '1970-01-01T00:00:02.000Z',
        last: { result: 'loaded', at: '1970-01-01T00:00:02.000Z' },
      },
    });
  });
});
