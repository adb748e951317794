import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkpointLine, parseCheckpoint, verifySignature } from '../../../../src/audit/checkpoint/checkpoint.ts';
import { importVerificationKeys } from '../../../../src/audit/checkpoint/signing-key.ts';
import type { AuditSecretSettings } from '../../../../src/platform/node/secrets/audit-secrets.ts';
import { readAuditSecrets } from '../../../../src/platform/node/secrets/audit-secrets.ts';
import { QUIET_MS } from '../../../../src/platform/node/secrets/settled-secret.ts';
import { SecretsError } from '../../../../src/platform/node/secrets/secrets.ts';
import { testUuid7 } from '../../../support/clock.ts';

const NONE: AuditSecretSettings = {
  AUDIT_EMAILS: 'plain',
  AUDIT_HMAC_KEY: null,
  AUDIT_HMAC_KEY_FILE: null,
  AUDIT_SIGNING_KEY: null,
  AUDIT_SIGNING_KEY_FILE: null,
  AUDIT_HTTP_TOKEN: null,
  AUDIT_HTTP_TOKEN_FILE: null,
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'audit-secrets-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

async function problemsOf(settings: Partial<AuditSecretSettings>): Promise<readonly string[]> {
  try {
    await readAuditSecrets({ ...NONE, ...settings });
    return [];
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    return error.problems;
  }
}

function keyPair(type: 'ed25519' | 'x25519' = 'ed25519') {
  const { privateKey, publicKey } = generateKeyPairSync(type as 'ed25519');
  return {
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
  };
}

describe('the secrets of the audit trail', () => {
  it('need not be there', async () => {
    const { signer, addresses, httpToken } = await readAuditSecrets(NONE);
    expect([signer, addresses, await httpToken()]).toEqual([null, { kind: 'plain' }, null]);
  });

  it.each(['AUDIT_SIGNING_KEY', 'AUDIT_SIGNING_KEY_FILE'] as const)('sign checkpoints with %s', async (name) => {
    const { privatePem, publicPem } = keyPair();
    const value = name === 'AUDIT_SIGNING_KEY' ? privatePem : await file('key.pem', privatePem);
    const { signer } = await readAuditSecrets({ ...NONE, [name]: value });
    const unsigned = {
      id: testUuid7(1),
      time: '2026-03-02T10:00:00.000Z',
      count: 1,
      head: 'ab'.repeat(32),
      previous: null,
    };
    const checkpoint = parseCheckpoint(await checkpointLine(unsigned, signer));
    if (checkpoint === null) throw new Error('no checkpoint');
    expect(await verifySignature(checkpoint, await importVerificationKeys([publicPem]))).toBe('valid');
  });

  it.each(['AUDIT_HMAC_KEY', 'AUDIT_HMAC_KEY_FILE'] as const)('hash addresses with %s', async (name) => {
    const hex = '7f'.repeat(32);
    const value = name === 'AUDIT_HMAC_KEY' ? hex : await file('hmac', `${hex}\n`);
    const { addresses } = await readAuditSecrets({ ...NONE, AUDIT_EMAILS: 'hmac', [name]: value });
    expect(addresses).toEqual({ kind: 'hmac', key: new Uint8Array(32).fill(0x7f) });
  });

  it('read the token anew each time, so that a swapped file needs no restart', async () => {
    const path = await file('token', 'old-token\n');
    const { httpToken } = await readAuditSecrets({ ...NONE, AUDIT_HTTP_TOKEN_FILE: path });
    expect(await httpToken()).toBe('old-token');
    await rename(await file('token.next', 'new-token\n'), path);
    expect(await httpToken()).toBe('new-token');
    await rm(path);
    await expect(httpToken()).rejects.toThrow('AUDIT_HTTP_TOKEN_FILE names a file that cannot be read (ENOENT)');
    await file('token', 'third-token');
    expect(await httpToken()).toBe('third-token');
  });

  it('keep the last token while its file is written in place', async () => {
    const path = await file('token', 'old-token');
    let nowMs = 0;
    const { httpToken } = await readAuditSecrets({ ...NONE, AUDIT_HTTP_TOKEN_FILE: path }, { now: () => nowMs });
    for (const text of ['new', 'new-token']) {
      await file('token', text);
      nowMs = Number((await stat(path, { bigint: true })).ctimeMs) + QUIET_MS - 1;
      expect(await httpToken()).toBe('old-token');
    }
    nowMs += 1;
    expect(await httpToken()).toBe('new-token');
  });

  it('wait for no writer of a named pipe', async () => {
    const path = await file('token', 'old-token');
    const { httpToken } = await readAuditSecrets({ ...NONE, AUDIT_HTTP_TOKEN_FILE: path });
    await rm(path);
    execFileSync('mkfifo', [path]);
    await expect(httpToken()).rejects.toThrow('AUDIT_HTTP_TOKEN_FILE names what is not a file');
  });

  it('are refused all at once, each with its setting, none with what it holds', async () => {
    const problems = await problemsOf({
      AUDIT_EMAILS: 'hmac',
      AUDIT_HMAC_KEY_FILE: await file('hmac', 'sesame'),
      AUDIT_SIGNING_KEY_FILE: await file('key.pem', 'sesame'),
      AUDIT_HTTP_TOKEN_FILE: await file('token', 'Bearer sesame'),
    });
    expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
      'AUDIT_SIGNING_KEY_FILE',
      'AUDIT_HMAC_KEY_FILE',
      'AUDIT_HTTP_TOKEN_FILE',
    ]);
    expect(problems.join()).not.toMatch(/sesame|\n/);
    expect(problems.join()).not.toContain(folder);
  });

  it.each<[name: string, make: () => Promise<string>, problem: RegExp]>([
    ['is not there', async () => join(folder, 'none'), /cannot be read \(ENOENT\)/],
    ['is a folder', () => mkdtemp(join(folder, 'sub-')), /not a file/],
    ['is a whole page', async () => await file('page', 'x'.repeat(20_000)), /too large/],
    ['holds the public half', async () => await file('key', keyPair().publicPem), /holds a public key/],
    ['holds a key of another kind', async () => await file('key', keyPair('x25519').privatePem), /not Ed25519/],
  ])('are refused when the file %s', async (_name, make, problem) => {
    expect(await problemsOf({ AUDIT_SIGNING_KEY_FILE: await make() })).toEqual([
      expect.stringMatching(new RegExp(`^AUDIT_SIGNING_KEY_FILE .*${problem.source}`)),
    ]);
  });
});
