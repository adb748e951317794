import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIdentityProvider, DEMO_AUDIENCE } from '../../dev/identity-provider.ts';
import type { IdentityProvider } from '../../dev/identity-provider.ts';
import { startStandIns } from '../../dev/stand-ins.ts';
import type { StandIns } from '../../dev/stand-ins.ts';
import type { RequestRecord } from '../../src/audit/record.ts';
import type { Platform } from '../parity/platforms.ts';
import { PLATFORMS } from '../parity/platforms.ts';
import { startHttpFaultProxy } from '../support/servers/http-fault-proxy.ts';
import type { HttpFaultProxy } from '../support/servers/http-fault-proxy.ts';
import { ISSUER_SITUATIONS } from './issuer.ts';

/** Each situation has an issuer of its own, behind a proxy of its own, so that its keys have never been fetched. */
interface Issuer {
  readonly name: string;
  readonly provider: IdentityProvider;
  readonly proxy: HttpFaultProxy;
  readonly jwksUri: string;
  close(): Promise<void>;
}

async function startIssuer(name: string): Promise<Issuer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const provider = createIdentityProvider({ issuer: `http://127.0.0.1:${String(port)}` });
  const listener = getRequestListener(provider.app.fetch, { overrideGlobalObjects: false });
  server.on('request', (incoming, outgoing) => void listener(incoming, outgoing));
  const proxy = await startHttpFaultProxy({ port });
  return {
    ...{ name, provider, proxy, jwksUri: `http://127.0.0.1:${String(proxy.port)}/jwks` },
    async close() {
      await proxy.close();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

describe('an invite, when', () => {
  let folder: string;
  let standIns: StandIns;
  let issuers: readonly Issuer[];
  let service: Platform;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'invite-proxy-faults-'));
    standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
    issuers = await Promise.all(ISSUER_SITUATIONS.map((_, index) => startIssuer(`issuer-${String(index)}`)));
    const callers = issuers.map(({ name }) => `  ${name}: { issuer: ${name}, client_id: [hr-portal] }`);
    const allowed = issuers.map(({ name }) => name).join(', ');
    const policy = join(folder, 'policy.yaml');
    await writeFile(
      policy,
      `version: 1
callers:
${callers.join('\n')}
rules:
  - { id: staff, allow: [${allowed}], domains: [acme.com], roles: any, auth_methods: any }
`,
    );
    service = await PLATFORMS.node({
      ...standIns.env,
      POLICY_FILE: policy,
      AUTH_ISSUERS: JSON.stringify([
        ...(JSON.parse(standIns.env['AUTH_ISSUERS'] ?? '[]') as object[]),
        ...issuers.map(({ name, provider, jwksUri }) => ({
          ...{ name, issuer: provider.issuer, audience: DEMO_AUDIENCE, jwks_uri: jwksUri },
        })),
      ]),
    });
  });
  afterAll(async () => {
    await service.stop();
    await Promise.all(issuers.map((issuer) => issuer.close()));
    await standIns.close();
    await rm(folder, { recursive: true });
  });

  async function inviteBy({ provider }: Issuer, key: string): Promise<Response> {
    const token = await provider.issue({ sub: 'hr-portal' });
    return await fetch(`${service.url}/v2/invite_users`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', 'Idempotency-Key': key },
      body: JSON.stringify({ emails: ['ann@acme.com'] }),
    });
  }

  async function recordsOf(requestId: string | null): Promise<readonly string[]> {
    const token = await standIns.identityProvider.issue({ sub: 'audit-desk', scope: 'audit:read' });
    const page = await fetch(`${service.url}/audit/records?after=0`, { headers: { Authorization: `Bearer ${token}` } });
    const lines = (await page.text()).split('\n').filter((line) => line !== '');
    return lines
      .map((line) => JSON.parse(line) as RequestRecord)
      .filter(({ request_id: id }) => id === requestId)
      .map(({ kind, outcome }) => (kind === 'outcome' ? `outcome ${outcome.result}` : kind));
  }

  ISSUER_SITUATIONS.forEach(({ what, fault, isWarm, ending }, index) => {
    it(what.replace(/^The /, 'the '), async () => {
      const issuer = issuers[index] as Issuer;
      const { proxy } = issuer;
      const key = `key-${randomUUID()}`;
      const { length: sentBefore } = standIns.galileo.received;
      if (isWarm === true) expect((await inviteBy(issuer, `key-${randomUUID()}`)).status).toBe(200);
      if (fault === 'refused') await proxy.refuse();
      else if (typeof fault === 'object') proxy.orderAll(fault);
      const answer = await inviteBy(issuer, key);
      const body = (await answer.json()) as { readonly code?: string; readonly origin?: string };
      expect({ status: answer.status, code: body.code ?? null, origin: body.origin ?? null }).toEqual({
        ...{ status: ending.status, code: ending.code, origin: ending.origin },
      });
      expect(await recordsOf(answer.headers.get('X-Request-Id'))).toEqual(ending.records);
      expect(standIns.galileo.received.length - sentBefore - (isWarm === true ? 1 : 0)).toBe(ending.arrives);

      await proxy.heal();
      // The back-off of its fetches ends by itself.
      await expect.poll(async () => (await inviteBy(issuer, key)).status, { timeout: 60_000, interval: 250 }).toBe(200);
      expect(standIns.galileo.received.length - sentBefore - (isWarm === true ? 1 : 0)).toBe(1);
    });
  });
});
