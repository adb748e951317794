import { describe, expect, it } from 'vitest';
import { importSigningKey, importVerificationKeys } from '../../../src/audit/checkpoint/signing-key.ts';
import { ED25519_VECTORS, pemOf } from '../../support/ed25519-vectors.ts';

describe('keys for checkpoints in workerd', () => {
  it.each(ED25519_VECTORS)('sign and verify as RFC 8032 does: $keyId', async (vector) => {
    const signer = await importSigningKey(vector.signingPem);
    expect(signer.keyId).toBe(vector.keyId);
    expect(await signer.sign(vector.message)).toEqual(vector.signature);
    expect(await signer.verify(vector.keyId, vector.message, vector.signature)).toBe('valid');
    expect(await signer.verify(vector.keyId, vector.message, vector.signature.with(0, 0))).toBe('invalid');
    const verifier = await importVerificationKeys([vector.publicPem]);
    expect(await verifier.verify(vector.keyId, vector.message, vector.signature)).toBe('valid');
    expect(await verifier.verify(vector.keyId, vector.message, vector.signature.with(0, 0))).toBe('invalid');
    expect(await verifier.verify(vector.keyId, vector.message, vector.signature.slice(1))).toBe('invalid');
    expect(await verifier.verify(vector.keyId, vector.message, new Uint8Array())).toBe('invalid');
  });

  it('are refused when they are not Ed25519 keys, with the same message as on Node', async () => {
    const x25519 = pemOf('PRIVATE KEY', `302e020100300506032b656e04220420${'07'.repeat(32)}`);
    await expect(importSigningKey(x25519)).rejects.toThrow('holds a private key that is not Ed25519');
    await expect(importSigningKey('')).rejects.toThrow('holds no PEM block');
  });
});
