import { describe, expect, it } from 'vitest';
import { createRecordAddress } from '../../../src/audit/record-address.ts';
import type { Principal } from '../../../src/auth/principal.ts';
import { redactCallerText } from '../../../src/invite/redact-caller-text.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { apiKeyCredentials } from '../../support/upstream.ts';

const KEY = 'test-key-0f3c9a7e5b1d2468';
const NEXT_KEY = 'next-key-77aa41c05d9e3b12';
const keys = { current: new Secret(KEY), next: new Secret(NEXT_KEY) };
const principal = { subject: 'hr-1', clientId: 'hr-portal', tokenId: null } as Principal;
const plain = createRecordAddress({ kind: 'plain' });
const hmac = createRecordAddress({ kind: 'hmac', key: new Uint8Array(32).fill(7) });

/** The redacted form of a text, in each place where it may occur. */
async function recorded(text: string, recordAddress = plain, galileoKeys = async () => keys) {
  const redacted = await redactCallerText(
    { source: { address: '192.0.2.7', user_agent: text, origin: text }, principal: { ...principal, tokenId: text } },
    { credentials: apiKeyCredentials({ galileoKeys }), recordAddress },
  );
  const found = new Set([redacted.source.user_agent, redacted.source.origin, redacted.principal.tokenId]);
  expect(redacted.source.address).toBe('192.0.2.7');
  expect(found.size).toBe(1);
  return [...found][0];
}

describe('what a caller says of itself', () => {
  it.each([
    ['the key', `my-app/1 key=${KEY}`],
    ['the next key', NEXT_KEY],
    ['the key in base64', btoa(`x${KEY}`)],
    ['the key, escaped', KEY.replaceAll('-', '%2d')],
    ['a piece of the key', KEY.slice(3, 15)],
  ])('is withheld when it holds %s', async (_, text) => {
    expect(await recorded(text)).toBe('[withheld]');
    expect(await recorded(text, hmac)).toBe('[withheld]');
  });

  it('is withheld when there is nothing to search it for', async () => {
    expect(await recorded('my-app/1', plain, () => Promise.reject(new Error('no key')))).toBe('[withheld]');
  });

  it('stands as it is where addresses do', async () => {
    expect(await recorded('my-app/1 (ann@acme.com)')).toBe('my-app/1 (ann@acme.com)');
  });

  it.each([
    ['my-app/1 (ann@acme.com) x', 'my-app/1 [address] x'],
    ['mailto:ann%40acme.com', '[address]'],
    ['ann＠acme.com', '[address]'],
    ['my-app/1 @ home', 'my-app/1 @ home'],
    ['my-app/1  (Linux)', 'my-app/1  (Linux)'],
  ])('holds no address where those are hashed: %s', async (text, held) => {
    expect(await recorded(text, hmac)).toBe(held);
  });

  it('stays absent when it was not said', async () => {
    const redacted = await redactCallerText(
      { source: { address: null }, principal },
      { credentials: apiKeyCredentials({ galileoKeys: async () => keys }), recordAddress: hmac },
    );
    expect(redacted.source).toEqual({ address: null });
    expect(redacted.principal.tokenId).toBeNull();
  });
});
