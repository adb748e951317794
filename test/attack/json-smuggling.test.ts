import { describe, expect, it } from 'vitest';
import { postInvite } from '../unit/contract/invite-app.ts';

/**
 * JSON bodies that two parsers could read differently, and bodies that attack the parser itself. Each must be refused,
 * and none may stop the service.
 */
const SMUGGLED: readonly (readonly [attack: string, body: string | Uint8Array])[] = [
  ['a role said twice', '{"emails":["ann@acme.com"],"role":"user","role":"admin"}'],
  ['a role said twice, once escaped', '{"emails":["ann@acme.com"],"role":"user","\\u0072ole":"admin"}'],
  ['two lists of people', '{"emails":["ann@acme.com"],"emails":["eve@rival.io"]}'],
  ['a prototype with a role', '{"emails":["ann@acme.com"],"__proto__":{"role":"admin"}}'],
  ['a constructor with a prototype', '{"emails":["ann@acme.com"],"constructor":{"prototype":{"role":"admin"}}}'],
  ['only inherited fields', '{"__proto__":{"emails":["ann@acme.com"]}}'],
  ['an array posing as the body', '[{"emails":["ann@acme.com"]}]'],
  ['an object posing as a list', '{"emails":{"0":"ann@acme.com","length":1}}'],
  ['a second document behind the first', '{"emails":["ann@acme.com"]}{"emails":["eve@rival.io"]}'],
  ['a NUL behind the document', '{"emails":["ann@acme.com"]}\u0000'],
  ['a comment', '{"emails":["ann@acme.com"]/*,"role":"admin"*/}'],
  ['a trailing comma', '{"emails":["ann@acme.com",]}'],
  ['a name that only looks like role', '{"emails":["ann@acme.com"],"r\u043ele":"admin"}'],
  ['a name with a zero-width space', '{"emails":["ann@acme.com"],"role\u200b":"admin"}'],
  ['a lone surrogate in an address', '{"emails":["ann\\ud800@acme.com"]}'],
  ['a lone surrogate in a name', '{"emails":["ann@acme.com"],"\\udc00":1}'],
  ['two byte order marks', '\uFEFF\uFEFF{"emails":["ann@acme.com"]}'],
  ['UTF-16 without a mark', Buffer.from('{"emails":["ann@acme.com"]}', 'utf16le')],
  [
    'an overlong slash',
    Buffer.concat([Buffer.from('{"emails":["ann'), Buffer.from([0xc0, 0xaf]), Buffer.from('@acme.com"]}')]),
  ],
  ['a header behind an address', '{"emails":["ann@acme.com\\r\\nBcc: eve@rival.io"]}'],
  ['two addresses in one', '{"emails":["ann@acme.com,eve@rival.io"]}'],
  ['an address route', '{"emails":["eve%rival.io@acme.com@rival.io"]}'],
  ['a full-width at sign', '{"emails":["eve@rival.io\uff20acme.com"]}'],
  ['a Kelvin sign for a k', '{"emails":["ann@\u212aacme.com"]}'],
  ['a number too large for any reader', '{"emails":["ann@acme.com"],"send_email":1e999}'],
  ['a group as a URN', '{"emails":["ann@acme.com"],"group_ids":["urn:uuid:9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"]}'],
  ['60,000 open brackets', '['.repeat(60_000)],
  ['10,000 nested objects', `{"emails":["ann@acme.com"],"x":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`],
  ['10,000 empty addresses', `{"emails":[${'"",'.repeat(10_000)}""]}`],
  ['20,000 numbers for addresses', `{"emails":[${'1,'.repeat(20_000)}1]}`],
  ['60,000 characters of address', `{"emails":["${'a.'.repeat(30_000)}@acme.com"]}`],
  ['60,000 digits of group', `{"emails":["ann@acme.com"],"group_ids":["${'0'.repeat(60_000)}"]}`],
];

describe('a body that is not what it seems', () => {
  it.each(SMUGGLED)('is refused: %s', async (_, body) => {
    const answer = await postInvite(body);
    expect([400, 422]).toContain(answer.status);
    expect(['malformed_request', 'invalid_request']).toContain(answer.body.code);
    expect(answer.text.length).toBeLessThan(2_000);
    expect(({} as Record<string, unknown>)['role']).toBeUndefined();
  });
});
