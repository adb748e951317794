import * as z from 'zod';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { fromHex, toHex } from '../../lib/hex.ts';

/**
 * A checkpoint is a statement about the chain at one time: how many records it had, the hash of the last one, and the
 * digest of the checkpoint before. A copy that the service cannot change shows whether the tail was cut off or
 * rewritten. A signature also proves who made the statement. It does not prove that no record came later. Pure except
 * for WebCrypto. This file does not verify the records themselves.
 */
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const checkpointSchema = z.strictObject({
  kind: z.literal('checkpoint'),
  /** UUIDv7. */
  id: z.uuid(),
  /** RFC 3339, UTC, milliseconds. */
  time: z.iso.datetime({ precision: 3 }),
  /** The number of records in the chain, which is the seq of the last one. */
  count: z.int().positive(),
  /** That record's `hash`. */
  head: sha256,
  /** SHA-256 of the line of the checkpoint before, so a removed checkpoint is found; null for the first. */
  previous: sha256.nullable(),
  /** Left out when the service has no signing key. */
  signature: z
    .strictObject({
      algorithm: z.literal('Ed25519'),
      /** First 16 hex digits of the SHA-256 of the raw public key. */
      key_id: z.string().regex(/^[0-9a-f]{16}$/),
      /** Hex, over the RFC 8785 text of the checkpoint without `signature`. */
      value: z.string().regex(/^[0-9a-f]{128}$/),
    })
    .optional(),
});

/** As a later release may write it. */
const anyCheckpointSchema = z.looseObject(checkpointSchema.shape);

export type Checkpoint = Readonly<z.output<typeof checkpointSchema>>;

/** Signs with a private Ed25519 key (RFC 8032), and verifies its own signatures. */
export interface CheckpointSigner extends CheckpointVerifier {
  readonly keyId: string;
  sign(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
}

/** Verifies signatures with one or more public keys; `unknown_key` when none of them has this id. */
export interface CheckpointVerifier {
  verify(
    keyId: string,
    bytes: Uint8Array<ArrayBuffer>,
    signature: Uint8Array<ArrayBuffer>,
  ): Promise<'valid' | 'invalid' | 'unknown_key'>;
}

export type SignatureVerdict = 'valid' | 'invalid' | 'unknown_key' | 'unsigned';

/** The line to store and to deliver. */
export async function checkpointLine(
  unsigned: Omit<Checkpoint, 'kind' | 'signature'>,
  signer: CheckpointSigner | null,
): Promise<string> {
  const statement = { kind: 'checkpoint' as const, ...unsigned };
  if (signer === null) return canonicalJson(statement);
  const value = toHex(await signer.sign(bytesOf(statement)));
  return canonicalJson({ ...statement, signature: { algorithm: 'Ed25519', key_id: signer.keyId, value } });
}

/** Null when the text is not the canonical text of a checkpoint. */
export function parseCheckpoint(line: string): Checkpoint | null {
  try {
    const value: unknown = JSON.parse(line);
    const parsed = checkpointSchema.safeParse(value);
    return parsed.success && canonicalJson(value) === line ? parsed.data : null;
  } catch {
    return null;
  }
}

/** The same for a checkpoint that may have members which this program does not know. They stay, and are signed. */
export function parseAnyCheckpoint(line: string): Checkpoint | null {
  try {
    const value: unknown = JSON.parse(line);
    const parsed = anyCheckpointSchema.safeParse(value);
    return parsed.success && canonicalJson(value) === line ? parsed.data : null;
  } catch {
    return null;
  }
}

export async function verifySignature(checkpoint: Checkpoint, verifier: CheckpointVerifier): Promise<SignatureVerdict> {
  const { signature, ...statement } = checkpoint;
  if (signature === undefined) return 'unsigned';
  return await verifier.verify(signature.key_id, bytesOf(statement), fromHex(signature.value));
}

function bytesOf(statement: Omit<Checkpoint, 'signature'>): Uint8Array<ArrayBuffer> {
  // The type of the encoder's buffer differs between runtimes. This copy is a plain ArrayBuffer in all of them.
  return Uint8Array.from(new TextEncoder().encode(canonicalJson(statement)));
}
