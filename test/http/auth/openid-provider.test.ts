/**
 * The service with a real OpenID provider: tokens, metadata, keys and key rotation, over real sockets and with the
 * production adapter that fetches keys. The provider uses the machine's clock, so the service does too. A test moves
 * the service's clock by an offset where time must pass.
 */
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { COOL_DOWN_MS, MAX_AGE_MS, REFRESH_BEHIND_MS } from '../../../src/auth/keys/key-set.ts';
import { clock } from '../../../src/platform/node/runtime.ts';
import { createFetchDocument } from '../../../src/platform/node/http-client/fetch-document.ts';
import type { OpenIdAlgorithm, OpenIdProvider } from '../../support/servers/openid-provider.ts';
import { startOpenIdProvider } from '../../support/servers/openid-provider.ts';
import { startTestService } from '../../support/service.ts';

const AUDIENCE = 'https://invites.example.com';
const ANN = { emails: ['ann@acme.com'] };
const POLICY = `
version: 1
callers:
  portal: { issuer: corp, client_id: [hr-portal], kind: app }
  people: { issuer: corp, client_id: [hr-spa], kind: user, subject: [ann] }
rules:
  - { id: from-portal, allow: [portal], domains: [acme.com], roles: any, auth_methods: any }
  - { id: from-people, allow: [people], domains: [acme.com], roles: any, auth_methods: any }
`;

const ALGORITHMS: readonly OpenIdAlgorithm[] = ['RS256', 'PS256', 'ES256', 'EdDSA'];

const started: OpenIdProvider[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((provider) => provider.close()));
});

async function setUp(algorithm: OpenIdAlgorithm) {
  const provider = await startOpenIdProvider({ algorithm, audience: AUDIENCE });
  started.push(provider);
  let shiftMs = 0;
  const service = await startTestService({
    policy: POLICY,
    deps: { clock: { now: () => clock.now() + shiftMs }, fetchDocument: createFetchDocument() },
    issuers: [{ name: 'corp', issuer: provider.issuer, audience: AUDIENCE }],
  });
  service.clock.set(clock.now());
  return {
    provider,
    service,
    pass(ms: number) {
      shiftMs += ms;
    },
    fetches: () => service.counted.filter((line) => line === 'key_set_fetches{issuer=corp,result=ok}').length,
  };
}

describe.each(ALGORITHMS)('with a provider that signs with %s', (algorithm) => {
  it('an app invites with the token of its client credentials', async () => {
    const { provider, service } = await setUp(algorithm);
    const token = await provider.clientToken();
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: algorithm, typ: 'at+jwt' });
    expect((await service.invite(ANN, { token })).status).toBe(200);
    expect(service.galileo.received).toHaveLength(1);
    expect((await service.records())[0]).toMatchObject({
      kind: 'intent',
      actor: {
        issuer: 'corp',
        issuer_url: provider.issuer,
        subject: 'hr-portal',
        client_id: 'hr-portal',
        kind: 'app',
        token_id: decodeJwt(token).jti,
      },
    });
  });

  it('a person invites with the token of the code flow with PKCE, and not with the ID token', async () => {
    const { provider, service } = await setUp(algorithm);
    const { accessToken, idToken } = await provider.userTokens();
    expect(decodeJwt(idToken)).toMatchObject({ sub: 'ann', aud: 'hr-spa' });
    expect((await service.invite(ANN, { token: idToken })).status).toBe(401);
    expect(service.logLines.join('\n')).toContain('token_type_not_allowed');
    expect((await service.invite(ANN, { token: accessToken })).status).toBe(200);
    expect((await service.records())[0]).toMatchObject({
      actor: { subject: 'ann', client_id: 'hr-spa', kind: 'user' },
      policy: { decisions: [{ decision: 'allow', rule: 'from-people' }] },
    });
  });

  it('a token with another scope of ours is let in where that one is asked for, and nowhere else', async () => {
    const { provider, service } = await setUp(algorithm);
    const token = await provider.clientToken('audit:read');
    expect((await service.invite(ANN, { token })).status).toBe(403);
    const trail = await service.request('/audit/records', { headers: { Authorization: `Bearer ${token}` } });
    expect(trail.status).toBe(200);
  });

  it('keys are found through the metadata, once for many requests', async () => {
    const { provider, service } = await setUp(algorithm);
    for (const token of [await provider.clientToken(), await provider.clientToken()]) {
      expect((await service.invite(ANN, { token, query: '?dry_run=true' })).status).toBe(200);
    }
    expect(provider.paths.filter((path) => path !== '/token')).toEqual(['/.well-known/openid-configuration', '/jwks']);
  });

  it('a key changes without a restart: the new one serves, the old one until it is retired', async () => {
    const { provider, service, pass } = await setUp(algorithm);
    const status = async (token: string) => (await service.invite(ANN, { token, query: '?dry_run=true' })).status;
    const old = await provider.clientToken();
    expect(await status(old)).toBe(200);

    await provider.publishNextKey();
    provider.signWithNextKey();
    pass(COOL_DOWN_MS);
    const young = await provider.clientToken();
    expect(decodeProtectedHeader(young).kid).not.toBe(decodeProtectedHeader(old).kid);
    expect([await status(young), await status(old)]).toEqual([200, 200]);

    provider.retireOldKey();
    pass(MAX_AGE_MS + REFRESH_BEHIND_MS);
    expect([await status(young), await status(old)]).toEqual([200, 401]);
  });

  it('a token that is not signed by it is refused, though all else is right', async () => {
    const { provider, service } = await setUp(algorithm);
    const [own, foreign] = [await provider.clientToken(), await (await setUp(algorithm)).provider.clientToken()];
    const [header, payload] = own.split('.');
    const forged = `${header}.${payload}.${foreign.split('.')[2]}`;
    expect((await service.invite(ANN, { token: forged })).status).toBe(401);
    expect((await service.invite(ANN, { token: foreign })).status).toBe(401);
    expect(service.galileo.received).toEqual([]);
  });
});

const WORKERS = 6;
const INVITES = 300;

describe('while many invite', () => {
  it('keys rotate three times and no request is lost', async () => {
    const { provider, service, pass, fetches } = await setUp('ES256');
    const statuses: number[] = [];
    const keyIds = new Set<string | undefined>();
    const loops = Array.from({ length: WORKERS }, () => 0);
    let asked = 0;
    let rotated = false;
    const turns: (() => void)[] = [];
    /** Resolves when each worker has sent a token that it fetched after this call. */
    const everyoneMovedOn = async (): Promise<void> => {
      const goals = loops.map((count) => count + 2);
      while (loops.some((count, worker) => count < (goals[worker] ?? 0))) {
        await new Promise<void>((resolve) => void turns.push(resolve));
      }
    };

    const work = async (worker: number): Promise<void> => {
      while (!rotated || asked < INVITES) {
        asked += 1;
        const email = `person-${asked}@acme.com`;
        const token = await provider.clientToken();
        keyIds.add(decodeProtectedHeader(token).kid);
        statuses.push((await service.invite({ emails: [email] }, { token })).status);
        loops[worker] = (loops[worker] ?? 0) + 1;
        for (const turn of turns.splice(0)) turn();
      }
    };
    const rotate = async (): Promise<void> => {
      // First the rotation of the specifications, twice: consumers' caches expire before the new key signs.
      // Then an immediate rotation: the new key signs at once, and its unknown id causes a fetch.
      for (const queueTimeoutMs of [MAX_AGE_MS, MAX_AGE_MS, COOL_DOWN_MS]) {
        await everyoneMovedOn();
        await provider.publishNextKey();
        pass(queueTimeoutMs);
        if (queueTimeoutMs === MAX_AGE_MS) await everyoneMovedOn();
        provider.signWithNextKey();
        await everyoneMovedOn();
        provider.retireOldKey();
      }
      await everyoneMovedOn();
      rotated = true;
    };

    const old = await provider.clientToken();
    await Promise.all([rotate(), ...loops.map((_count, worker) => work(worker))]);

    expect(asked).toBeGreaterThanOrEqual(INVITES);
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
    expect(service.galileo.received).toHaveLength(asked);
    expect(new Set(service.galileo.received.map(({ sha256 }) => sha256)).size).toBe(asked);
    expect(keyIds.size).toBe(4);
    expect(fetches()).toBeGreaterThanOrEqual(4);
    expect((await service.invite(ANN, { token: old })).status).toBe(401);
  });
});
