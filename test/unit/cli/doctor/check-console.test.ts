import { describe, expect, it } from 'vitest';
import type { ConsoleRedirect } from '../../../../src/cli/config/console-redirect.ts';
import { checkConsole } from '../../../../src/cli/doctor/checks/check-console.ts';

const ISSUER = 'https://login.acme.com';
const SIGN_IN: ConsoleRedirect = {
  issuer: ISSUER,
  clientId: 'invite-console',
  redirectUri: 'https://invites.acme.com/console',
};
const METADATA = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  code_challenge_methods_supported: ['plain', 'S256'],
};

const look = (metadata: object | null, signIn = SIGN_IN, issuers = [{ name: 'corp', issuer: ISSUER, audience: 'a' }]) =>
  checkConsole(signIn, {
    rules: { insecureDev: false },
    issuers,
    fetchDocument: async () =>
      metadata === null
        ? { kind: 'failed', reason: 'unreachable' }
        : { kind: 'document', text: JSON.stringify(metadata), contentType: 'application/json' },
  });

describe('doctor’s check of the console', () => {
  it('says which redirect address to register', async () => {
    expect(await look(METADATA)).toMatchObject({
      status: 'ok',
      lines: [
        'Register as redirect address of the client invite-console at https://login.acme.com: https://invites.acme.com/console',
      ],
      details: { redirect_uri: 'https://invites.acme.com/console' },
    });
  });

  it('takes a provider that does not say its methods of PKCE, and a slash at the end of its name', async () => {
    const { code_challenge_methods_supported: _methods, ...silent } = METADATA;
    expect(await look({ ...silent, issuer: `${ISSUER}/` })).toMatchObject({ status: 'ok' });
  });

  it.each([
    ['does not answer', null, 'does not answer'],
    ['is another', { ...METADATA, issuer: 'https://other.acme.com' }, 'is that of another issuer'],
    ['has no sign-in of people', { issuer: ISSUER, token_endpoint: `${ISSUER}/token` }, 'names no authorization'],
    ['has an endpoint without TLS', { ...METADATA, token_endpoint: 'http://login.acme.com/token' }, 'without TLS'],
    ['has no PKCE', { ...METADATA, code_challenge_methods_supported: ['plain'] }, 'no PKCE with S256'],
  ])('fails when the provider %s', async (_what, metadata, message) => {
    const found = await look(metadata);
    expect(found).toMatchObject({ status: 'failed', message: expect.stringContaining(message) });
  });

  it('warns without PUBLIC_URL, and about an issuer whose tokens no entry takes', async () => {
    expect(await look(METADATA, { ...SIGN_IN, redirectUri: null })).toMatchObject({
      status: 'warning',
      remedy: 'Set PUBLIC_URL.',
    });
    expect(await look(METADATA, SIGN_IN, [])).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('not in AUTH_ISSUERS'),
    });
  });
});
