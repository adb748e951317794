import { describe, expect, it } from 'vitest';

import { createIdentityProvider, DEMO_AUDIENCE } from '../../../dev/identity-provider.ts';
import { createFakeClock } from '../../support/clock.ts';
import { documentsOf, testVerifier } from '../../support/tokens.ts';

const issuer = 'http://127.0.0.1:9400/corp';
const clock = createFakeClock();
const provider = createIdentityProvider({ issuer, now: clock.now });
const verifier = testVerifier({
  fetchDocument: documentsOf(provider.app).fetchDocument,
  clock,
  insecureDev: true,
  issuers: [{ name: 'demo', issuer, audience: DEMO_AUDIENCE }],
});

async function ask(fields: Record<string, string>, headers: Record<string, string> = {}) {
  const response = await provider.app.request('/corp/token', {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers,
  });
  return {
    status: response.status,
    body: (await response.json()) as { error?: string; access_token?: string; scope?: string },
  };
}

describe('the stand-in identity provider', () => {
  it('hands a demo client a token that the service verifies', async () => {
    const answer = await ask({ grant_type: 'client_credentials', client_id: 'it-desk', client_secret: 'it-desk-demo' });
    expect(await verifier.verify(answer.body.access_token ?? '')).toMatchObject({
      kind: 'verified',
      principal: { issuer: 'demo', clientId: 'it-desk', kind: 'app', groups: ['it-admins'], scopes: ['invites:write'] },
    });
  });

  it('takes the credentials of curl -u', async () => {
    const basic = Buffer.from('audit-desk:audit-desk-demo').toString('base64');
    const answer = await ask({ grant_type: 'client_credentials' }, { Authorization: `Basic ${basic}` });
    expect(answer).toMatchObject({ status: 200, body: { token_type: 'Bearer', scope: 'audit:read' } });
  });

  it('hands out a token of a person, who may settle a request', async () => {
    const fields = { grant_type: 'client_credentials', client_id: 'settle-desk', client_secret: 'settle-desk-demo' };
    expect(await verifier.verify((await ask(fields)).body.access_token ?? '')).toMatchObject({
      kind: 'verified',
      principal: { subject: 'kim', clientId: 'settle-desk', kind: 'user', scopes: ['invites:settle'] },
    });
  });

  it.each([
    [
      'a wrong secret',
      { grant_type: 'client_credentials', client_id: 'hr-portal', client_secret: 'no' },
      401,
      'invalid_client',
    ],
    [
      'an unknown client',
      { grant_type: 'client_credentials', client_id: 'constructor', client_secret: '' },
      401,
      'invalid_client',
    ],
    ['another grant', { grant_type: 'password' }, 400, 'unsupported_grant_type'],
    [
      "a scope that is not the client's",
      {
        grant_type: 'client_credentials',
        client_id: 'hr-portal',
        client_secret: 'hr-portal-demo',
        scope: 'audit:read',
      },
      400,
      'invalid_scope',
    ],
  ])('refuses %s', async (_title, fields: Record<string, string>, status, error) => {
    expect(await ask(fields)).toMatchObject({ status, body: { error } });
  });

  it('publishes public keys only, the old one until it is retired', async () => {
    const [before] = (await provider.keySet()).keys;
    await provider.rotate();
    const during = (await provider.keySet()).keys;
    await provider.retire();
    const after = (await provider.keySet()).keys;
    expect([during.length, after.length]).toEqual([2, 1]);
    expect(during[1]).toEqual(before);
    expect(after[0]).toEqual(during[0]);
    expect(during.every((key) => key.d === undefined)).toBe(true);
  });
});
