import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { checkpointLine, parseCheckpoint, verifySignature } from '../../../../src/audit/checkpoint/checkpoint.ts';
import { importSigningKey, importVerificationKeys } from '../../../../src/audit/checkpoint/signing-key.ts';
import { testUuid7 } from '../../../support/clock.ts';
import { ED25519_VECTORS } from '../../../support/ed25519-vectors.ts';

const bytesOf = (hex: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(hex, 'hex'));
const privatePem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' }) as string;
const publicPem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string;

describe('keys for checkpoints', () => {
  it.each(ED25519_VECTORS)('sign and verify as RFC 8032 does: $keyId', async (vector) => {
    const signer = await importSigningKey(vector.signingPem);
    expect(signer.keyId).toBe(vector.keyId);
    expect(await signer.sign(vector.message)).toEqual(vector.signature);
    expect(await signer.verify(vector.keyId, vector.message, vector.signature)).toBe('valid');
    expect(await signer.verify(vector.keyId, vector.message, vector.signature.with(0, 0))).toBe('invalid');
    expect(await signer.verify('0'.repeat(16), vector.message, vector.signature)).toBe('unknown_key');
    const verifier = await importVerificationKeys([vector.publicPem]);
    expect(await verifier.verify(vector.keyId, vector.message, vector.signature)).toBe('valid');
  });

  it('sign what OpenSSL verifies, and verify what OpenSSL signs', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const message = bytesOf('c0ffee');
    const signer = await importSigningKey(privatePem(privateKey));
    expect(verify(null, message, publicKey, await signer.sign(message))).toBe(true);
    const verifier = await importVerificationKeys([publicPem(publicKey)]);
    const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
    expect(signer.keyId).toBe(createHash('sha256').update(raw).digest('hex').slice(0, 16));
    const theirs = Uint8Array.from(sign(null, message, privateKey));
    expect(await verifier.verify(signer.keyId, message, theirs)).toBe('valid');
  });

  it('are distinguished by their ids, several in one text or in several', async () => {
    const [first, second, third] = ED25519_VECTORS.map((vector) => vector.publicPem);
    const verifier = await importVerificationKeys([`# this year's\r\n${first}\n${second}`, third ?? '']);
    for (const { keyId, message, signature } of ED25519_VECTORS)
      expect(await verifier.verify(keyId, message, signature)).toBe('valid');
    const [a, b] = ED25519_VECTORS;
    expect(await verifier.verify(a?.keyId ?? '', b?.message ?? bytesOf(''), b?.signature ?? bytesOf(''))).toBe(
      'invalid',
    );
    expect(await verifier.verify('0'.repeat(16), bytesOf(''), bytesOf(''))).toBe('unknown_key');
  });

  it('find a changed message, a changed signature and one that is cut', async () => {
    const { publicPem: pem, keyId, message, signature } = ED25519_VECTORS[1] ?? expect.fail();
    const verifier = await importVerificationKeys([pem]);
    expect(await verifier.verify(keyId, bytesOf('73'), signature)).toBe('invalid');
    expect(await verifier.verify(keyId, message, signature.with(0, 0))).toBe('invalid');
    expect(await verifier.verify(keyId, message, signature.slice(1))).toBe('invalid');
    expect(await verifier.verify(keyId, message, bytesOf(''))).toBe('invalid');
  });

  it('make a checkpoint that proves who signed it', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const signer = await importSigningKey(privatePem(privateKey));
    const unsigned = {
      id: testUuid7(1),
      time: '2026-03-02T10:00:00.000Z',
      count: 7,
      head: 'ab'.repeat(32),
      previous: null,
    };
    const checkpoint = parseCheckpoint(await checkpointLine(unsigned, signer)) ?? expect.fail();
    expect(await verifySignature(checkpoint, await importVerificationKeys([publicPem(publicKey)]))).toBe('valid');
    const forged = { ...checkpoint, count: 6 };
    expect(await verifySignature(forged, await importVerificationKeys([publicPem(publicKey)]))).toBe('invalid');
    expect(await verifySignature(checkpoint, await importVerificationKeys([ED25519_VECTORS[0]?.publicPem ?? '']))).toBe(
      'unknown_key',
    );
  });
});

describe('a key file that is something else', () => {
  const ed25519 = generateKeyPairSync('ed25519');
  const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const x25519 = generateKeyPairSync('x25519');
  const signing = privatePem(ed25519.privateKey);
  const verifying = publicPem(ed25519.publicKey);
  const encrypted = ed25519.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
  const cut = (pem: string): string => pem.replace(/.{20}\n-----END/, '\n-----END');

  const ecKey = p256.privateKey.export({ type: 'sec1', format: 'pem' }) as string;
  const pemOf = (label: string, head = ''): string =>
    `-----BEGIN ${label}-----\n${head}${'QUJD'.repeat(16)}\n-----END ${label}-----\n`;

  it.each([
    ['with literal \\n in place of its line ends', signing.trim().replaceAll('\n', String.raw`\n`)],
    ['with literal \\r\\n', signing.trim().replaceAll('\n', String.raw`\r\n`)],
    ['with spaces in place of its line ends', signing.replaceAll('\n', ' ')],
    ['with CRLF and a byte order mark', `\uFEFF${signing.replaceAll('\n', '\r\n')}`],
    ['in quotes', `"${signing.trim()}"`],
  ])('is the same key %s', async (_how, text) => {
    expect((await importSigningKey(text)).keyId).toBe((await importSigningKey(signing)).keyId);
  });

  it.each([
    ['nothing', '', 'holds no PEM block "BEGIN PRIVATE KEY"'],
    ['raw hex', 'ab'.repeat(32), 'holds no PEM block "BEGIN PRIVATE KEY"'],
    ['the public half', verifying, 'holds a public key'],
    ['a key under a passphrase', encrypted as string, 'under a passphrase'],
    ['two keys', signing + signing, 'more than one private key'],
    ['a key of another algorithm', privatePem(p256.privateKey), 'not Ed25519'],
    ['a key of the same curve for another use', privatePem(x25519.privateKey), 'not Ed25519'],
    ['a key that was cut', cut(signing), 'not Ed25519'],
    ['an EC key as openssl ecparam writes it', ecKey, 'holds an EC key'],
    ['an RSA key', pemOf('RSA PRIVATE KEY'), 'holds an RSA key'],
    ['an RSA key under a passphrase', pemOf('RSA PRIVATE KEY', 'Proc-Type: 4,ENCRYPTED\n\n'), 'holds an RSA key'],
    ['a key of ssh-keygen', pemOf('OPENSSH PRIVATE KEY'), 'holds a key of OpenSSH'],
    ['a certificate', pemOf('CERTIFICATE'), 'holds a certificate'],
    ['a key without its last line', signing.replace(/-----END.*/s, ''), 'cut off'],
    ['base64 of the PEM text', Buffer.from(signing).toString('base64'), 'is base64 of a PEM text'],
    ['the middle of the PEM text', signing.split('\n')[1] ?? '', 'lacks its lines -----BEGIN PRIVATE KEY-----'],
    ['a JSON Web Key', JSON.stringify(ed25519.privateKey.export({ format: 'jwk' })), 'is JSON'],
    ['a variable', '${AUDIT_SIGNING_KEY}', 'is a variable'],
    ['a key that is no base64', signing.replace('MC4', 'M*4'), 'damaged'],
  ])('is refused for signing, with the reason for the operator: %s', async (_what, pem, message) => {
    await expect(importSigningKey(pem)).rejects.toThrow(message);
  });

  it.each([
    ['nothing', '', 'holds no PEM block "BEGIN PUBLIC KEY"'],
    ['the private half', signing, 'holds a private key, which no verifier needs'],
    ['the private half beside the public one', verifying + signing, 'holds a private key, which no verifier needs'],
    ['a key of another algorithm', publicPem(p256.publicKey), 'not Ed25519'],
    ['a key that was cut', cut(verifying), 'not Ed25519'],
  ])('is refused for verifying, with the reason for the operator: %s', async (_what, pem, message) => {
    await expect(importVerificationKeys([verifying, pem])).rejects.toThrow(message);
  });

  it('is quoted in no message', async () => {
    const body = signing.split('\n')[1] ?? expect.fail();
    const seed = Buffer.from(createPrivateKey(signing).export({ format: 'jwk' }).d ?? '', 'base64url').toString('hex');
    for (const pem of [signing + signing, cut(signing), signing.replace('MC4', 'M*4'), body, seed]) {
      const reported = await importSigningKey(pem).then(
        () => expect.fail('it was taken'),
        (error: unknown) => `${String(error)} ${String((error as Error).cause)}`,
      );
      for (const piece of [body.slice(30, 42), seed.slice(8, 20)]) expect(reported).not.toContain(piece);
    }
    expect(createPublicKey(signing).asymmetricKeyType).toBe('ed25519');
  });
});
