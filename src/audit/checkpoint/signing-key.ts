import { toHex } from '../../lib/hex.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import { wrappedFault } from '../../lib/text/wrapped-value.ts';
import type { CheckpointSigner, CheckpointVerifier } from './checkpoint.ts';

/**
 * Ed25519 keys (RFC 8032) for checkpoints, from PEM files (RFC 7468) in the form that openssl writes: PKCS#8 (RFC 8410)
 * to sign, SubjectPublicKeyInfo to verify. WebCrypto imports the keys, so Node and workerd accept the same files. Each
 * message is the second half of a sentence that begins with the name of a setting or a file. No message quotes the key.
 */
const ALGORITHM = 'Ed25519';
/** The AlgorithmIdentifier of id-Ed25519 (RFC 8410 §3) in DER. It is within the first 12 bytes of both kinds of key. */
const ALGORITHM_IDENTIFIER = '300506032b6570';
const IDENTIFIED_WITHIN = 12;
const SIGNATURE_BYTES = 64;
const HOW_TO_MAKE = 'make one with: openssl genpkey -algorithm ed25519';
const HOW_TO_PUBLISH = 'get the public one with: openssl pkey -pubout';

/** Common mistakes, by the label of the PEM block that the text contains instead. */
const NOT_A_PRIVATE_KEY: Readonly<Record<string, string>> = {
  'PUBLIC KEY': 'holds a public key; signing needs the private one',
  'ENCRYPTED PRIVATE KEY': 'holds a private key under a passphrase; write it without one: openssl pkey -in FILE',
};
const NOT_A_PUBLIC_KEY: Readonly<Record<string, string>> = {
  'PRIVATE KEY': `holds a private key, which no verifier needs; ${HOW_TO_PUBLISH}`,
  'ENCRYPTED PRIVATE KEY': `holds a private key, which no verifier needs; ${HOW_TO_PUBLISH}`,
};

const OTHER_KEY = `is none for checkpoints, which need Ed25519 in PKCS#8; ${HOW_TO_MAKE}`;

/** Texts without a block of the label that is needed, by their form. */
const NOT_PEM: readonly { readonly form: RegExp; readonly problem: string }[] = [
  { form: /-----BEGIN EC P/, problem: `holds an EC key, which ${OTHER_KEY}` },
  { form: /-----BEGIN RSA P/, problem: `holds an RSA key, which ${OTHER_KEY}` },
  { form: /-----BEGIN OPENSSH PRIVATE KEY-----|^\s*ssh-/, problem: `holds a key of OpenSSH, which ${OTHER_KEY}` },
  { form: /-----BEGIN PGP /, problem: `holds a PGP key, which ${OTHER_KEY}` },
  { form: /-----BEGIN CERTIFICATE/, problem: 'holds a certificate and not a key alone' },
  { form: /-----BEGIN /, problem: 'holds a PEM block that is cut off or of another kind' },
  {
    form: /^\s*LS0tLS1CRUdJTi/,
    problem: 'is base64 of a PEM text, as in the manifest of a Kubernetes Secret: decode it',
  },
  {
    form: /^\s*MC4CAQAwBQYDK2VwBCIEI/,
    problem: 'lacks its lines -----BEGIN PRIVATE KEY----- and -----END PRIVATE KEY-----',
  },
  { form: /^\s*\{/, problem: `is JSON; a PEM text is needed; ${HOW_TO_MAKE}` },
];

/** Imports one PKCS#8 private key. Rejects with a sentence for an operator. */
export async function importSigningKey(pem: string): Promise<CheckpointSigner> {
  const [der, ...others] = derBlocks(pem, 'PRIVATE KEY', NOT_A_PRIVATE_KEY);
  if (der === undefined || others.length > 0) throw new Error('holds more than one private key; one signs');
  const notEd25519 = `holds a private key that is not Ed25519; ${HOW_TO_MAKE}`;
  // Imported twice: the key that signs is not extractable, and only an extractable key gives the public half.
  const importKey = (extractable: boolean): Promise<CryptoKey> =>
    orProblem(notEd25519, der, () => crypto.subtle.importKey('pkcs8', der, ALGORITHM, extractable, ['sign']));
  const exportable = await importKey(true);
  const key = await importKey(false);
  const x = await publicHalfOf(exportable);
  const keyId = keyIdOf(x);
  const jwk = { kty: 'OKP', crv: ALGORITHM, x };
  const publicKey = await crypto.subtle.importKey('jwk', jwk, ALGORITHM, true, ['verify']);
  return {
    keyId,
    sign: async (bytes) => new Uint8Array(await crypto.subtle.sign(ALGORITHM, key, bytes)),
    ...verifierOf(new Map([[keyId, publicKey]])),
  };
}

/** Imports public keys; each text has one or more. Rejects with a sentence for an operator. */
export async function importVerificationKeys(pems: readonly string[]): Promise<CheckpointVerifier> {
  const keys = new Map<string, CryptoKey>();
  for (const der of pems.flatMap((pem) => derBlocks(pem, 'PUBLIC KEY', NOT_A_PUBLIC_KEY))) {
    const key = await orProblem('holds a public key that is not Ed25519', der, () =>
      crypto.subtle.importKey('spki', der, ALGORITHM, true, ['verify']),
    );
    keys.set(keyIdOf(await publicHalfOf(key)), key);
  }
  return verifierOf(keys);
}

/** `keys` is by key id. */
function verifierOf(keys: ReadonlyMap<string, CryptoKey>): CheckpointVerifier {
  return {
    async verify(keyId, bytes, signature) {
      const key = keys.get(keyId);
      if (key === undefined) return 'unknown_key';
      // For a signature of another length workerd throws, where Node returns false.
      if (signature.length !== SIGNATURE_BYTES) return 'invalid';
      return (await crypto.subtle.verify(ALGORITHM, key, signature, bytes)) ? 'valid' : 'invalid';
    },
  };
}

/** The 32 bytes of the public key in base64url. Private and public JWKs both have them as `x`. */
async function publicHalfOf(key: CryptoKey): Promise<string> {
  const jwk: object = await crypto.subtle.exportKey('jwk', key);
  if (!('x' in jwk) || typeof jwk.x !== 'string') throw new Error('holds a key without its public half');
  return jwk.x;
}

/** The first 16 hex digits of SHA-256 over the public key. */
function keyIdOf(x: string): string {
  return sha256Hex(fromBase64(x.replaceAll('-', '+').replaceAll('_', '/'))).slice(0, 16);
}

/**
 * The contents of all blocks with this label; throws when there is none. Text around blocks is allowed (RFC 7468 §2).
 * `\\n` counts as a line end, because a variable often has it in place of one.
 */
function derBlocks(
  text: string,
  label: string,
  mistakes: Readonly<Record<string, string>>,
): readonly Uint8Array<ArrayBuffer>[] {
  const lines = text.replaceAll(String.raw`\r`, '').replaceAll(String.raw`\n`, '\n');
  const blocks = [...lines.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----/gs)];
  for (const [, found = ''] of blocks) {
    const mistake = mistakes[found];
    if (mistake !== undefined) throw new Error(mistake);
  }
  const wanted = blocks.filter(([, found]) => found === label);
  if (wanted.length === 0) {
    const problem = wrappedFault(text.trim()) ?? NOT_PEM.find(({ form }) => form.test(text))?.problem;
    throw new Error(problem ?? `holds no PEM block "BEGIN ${label}"`);
  }
  return wanted.map(([, , base64 = '']) => fromBase64(base64));
}

/** White space is allowed, because atob ignores it. */
function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    throw new Error('holds a PEM block that is damaged');
  }
}

/** Replaces the error message of WebCrypto, which might quote the key. */
async function orProblem(problem: string, der: Uint8Array, importKey: () => Promise<CryptoKey>): Promise<CryptoKey> {
  // workerd imports an X25519 key as if it were an Ed25519 key.
  if (!toHex(der.subarray(0, IDENTIFIED_WITHIN)).includes(ALGORITHM_IDENTIFIER)) throw new Error(problem);
  try {
    return await importKey();
  } catch {
    throw new Error(problem);
  }
}
