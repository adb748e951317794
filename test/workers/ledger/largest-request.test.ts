import { runInDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import { MAX_EMAILS } from '../../../src/contract/invite-users.ts';
import type { Principal } from '../../../src/auth/principal.ts';
import { chargesFor } from '../../../src/policy/quota-charges.ts';
import { loadDocument } from '../../../src/policy/document/read-document.ts';
import { testUuid7 } from '../../support/clock.ts';
import { admission, settlement } from '../../support/ledger/ledger.ts';
import { POLICY, startWhole } from '../whole-worker.ts';
import { openLedgerObject } from './ledger-harness.ts';
import type { LedgerObjectHarness } from './ledger-harness.ts';

/** What the contract and a policy allow, at its largest: a Worker accepts it as Node does. */
const policyWith = (inviteeQuotas: number) => ({
  ...POLICY,
  quotas: Array.from({ length: inviteeQuotas }, (_, n) => ({
    id: `person-${String(n)}`,
    per: 'invitee',
    window: `${String(n + 1)}h`,
    emails: 3,
  })),
});

/** Up to 64 characters before the @ (RFC 5321 §4.5.3.1.1). */
const addresses = (length: number): string[] =>
  Array.from({ length: MAX_EMAILS }, (_, n) => `${`person-${String(n)}-`.padEnd(length, 'x')}@acme.com`);

const ANN: Principal = {
  issuer: 'corp',
  issuerUrl: 'https://login.example.com',
  subject: 'ann',
  clientId: 'hr-portal',
  groups: [],
  kind: 'user',
  scopes: ['invites:write'],
  tokenId: null,
  expiresAt: 0,
};

function chargesOf(inviteeQuotas: number, localLength: number) {
  const loaded = loadDocument(policyWith(inviteeQuotas), { issuers: ['corp'] });
  if (loaded.kind === 'refused') throw new Error(JSON.stringify(loaded.problems));
  return chargesFor(loaded.policy, ANN, addresses(localLength));
}

const SIZES = [
  [21, 12],
  [60, 64],
] as const;

/** The platform's limit, which workerd alone does not enforce: developers.cloudflare.com/durable-objects/platform/limits */
const MAX_ROW_BYTES = 2_000_000;

const bytesOfRow = ({ stub }: LedgerObjectHarness): Promise<number> =>
  runInDurableObject(stub, (_object, { storage }) =>
    Number(storage.sql.exec('SELECT octet_length(debits) + octet_length(body) AS bytes FROM requests').one()['bytes']),
  );

describe('a request for 500 addresses', () => {
  it.each(SIZES)('is charged to %i invitee quotas each, and refunded (local parts of %i)', async (quotas, length) => {
    const harness = openLedgerObject();
    const charges = chargesOf(quotas, length);
    expect(charges).toHaveLength(quotas * MAX_EMAILS);

    const admitted = await harness.ledger.admit(admission(testUuid7(1), { charges }));
    expect(admitted.kind).toBe('admitted');
    if (admitted.kind === 'admitted') expect(admitted.quotas.every(({ remaining }) => remaining === 2)).toBe(true);
    expect(await bytesOfRow(harness)).toBeLessThan(MAX_ROW_BYTES / 2);

    expect(await harness.ledger.settle(settlement(testUuid7(1), 'refused'))).toEqual({ kind: 'settled' });
    expect((await harness.ledger.usage(charges)).every(({ remaining }) => remaining === 3)).toBe(true);
  });

  it.each([21, 60])('is sent by the whole Worker under %i invitee quotas', async (quotas) => {
    const { ask, token, upstream } = await startWhole({
      POLICY: { get: async () => JSON.stringify(policyWith(quotas)) },
    });
    const emails = addresses(12).map((address) => `q${String(quotas)}-${address}`);

    const response = await ask('/v2/invite_users', {
      method: 'POST',
      headers: { Authorization: `Bearer ${await token()}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ auth_method: 'okta', emails, role: 'user', send_email: false }),
    });

    expect(response.status).toBe(200);
    expect(upstream.received).toHaveLength(1);
  });
});

describe('a search of the trail', () => {
  it('may ask for a subject of any length', async () => {
    const { ledger } = openLedgerObject();
    const filter = { subject: 'x'.repeat(50_000) };
    expect(await ledger.search({ filter, after: 0, limit: 10 })).toMatchObject({ records: [], done: true });
  });
});
