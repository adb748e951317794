import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../../src/ledger/port.ts';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import { sha256Hex } from '../../../src/lib/sha256.ts';
import { MINUTE_MS } from '../../support/ledger/ledger.ts';
import { startTestService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';

/** The policy behind a digest, for the audit team. */
const KIM = { sub: 'kim', client_id: 'audit-desk', scope: 'audit:read' };
const DOCUMENT = canonicalJson({
  version: 1,
  rules: [],
  groups: { Ärzte: { id: '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d' } },
});
const DIGEST = sha256Hex(DOCUMENT);

async function started(options: Parameters<typeof startTestService>[0] = {}): Promise<TestService> {
  let kept: Ledger | undefined;
  const service = await startTestService({
    ledger: 'file',
    ...options,
    wrapLedger: (ledger) => {
      kept = ledger;
      return options.wrapLedger?.(ledger) ?? ledger;
    },
  });
  const policy = { what: 'policy_taken', to: DIGEST, document: DOCUMENT } as const;
  const reporter = { name: 'galileo-invite-proxy', version: '0', runtime: 'test', instance: 'one' };
  await kept?.recordChanges([{ change: policy, seen: 'changed', service: reporter }]);
  return service;
}

async function get(service: TestService, digest: string, claims: Record<string, unknown> = KIM): Promise<Response> {
  return await service.request(`/audit/policies/${digest}`, {
    headers: { Authorization: `Bearer ${await service.token(claims)}` },
  });
}

describe('GET /audit/policies/{digest}', () => {
  it.each(['', 'sha256:'])('gives the stored text, which has that digest (with the prefix "%s")', async (prefix) => {
    const response = await get(await started(), `${prefix}${DIGEST}`);
    expect([response.status, response.headers.get('Content-Type')]).toEqual([200, 'application/json']);
    expect(await response.text()).toBe(DOCUMENT);
  });

  it.each([
    ['the ledger does not keep', 'ab'.repeat(32)],
    ['is only the beginning of one', DIGEST.slice(0, 12)],
    ['is in capitals', DIGEST.toUpperCase()],
    ['is none', 'policy'],
  ])('answers 404 for a digest that %s', async (_, digest) => {
    const response = await get(await started(), digest);
    expect([response.status, await response.json()]).toMatchObject([404, { code: 'not_found' }]);
  });

  it('needs the scope audit:read, and takes no query', async () => {
    const service = await started();
    expect((await get(service, DIGEST, { ...KIM, scope: 'invites:write' })).status).toBe(403);
    expect((await service.request(`/audit/policies/${DIGEST}`)).status).toBe(401);
    expect((await get(service, `${DIGEST}?full=true`)).status).toBe(422);
  });

  it('answers 503 when the ledger cannot be read', async () => {
    const wrapLedger = (ledger: Ledger): Ledger => ({ ...ledger, findPolicy: () => Promise.reject(new Error('disk')) });
    const response = await get(await started({ wrapLedger }), DIGEST);
    expect([response.status, await response.json()]).toMatchObject([503, { code: 'ledger_unavailable' }]);
  });

  it('is on record as a read', async () => {
    const service = await started();
    await get(service, DIGEST);
    await get(service, 'ab'.repeat(32));
    service.clock.advance(MINUTE_MS);
    await service.sweep();
    expect((await service.records()).at(-1)).toMatchObject({
      kind: 'read',
      read: { count: 2, counts: [{ what: 'policy', count: 2 }], records: 0 },
    });
  });
});
