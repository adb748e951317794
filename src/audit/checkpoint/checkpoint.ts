import * as z from 'zod';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { fromHex, toHex } from '../../lib/hex.ts';

/**
 * A checkpoint says: at this time the chain had so many records and ended in this hash, and the checkpoint before was that
 * one. Kept where the service cannot touch it, it is what a cut or rewritten tail is found against; signed, it also proves
 * who said so, but not that nothing came after it. Pure but for WebCrypto; makes no claim about the records themselves.
 */
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const checkpointSchema = z.strictObject({
  kind: z.literal('checkpoint'),
  /** UUIDv7. */
  id: z.uuid(),
  /** RFC 3339, UTC, milliseconds. */
  time: z.iso.datetime({ precision: 3 }),
  /** How many records the chain had: the seq of the last one. */
  count: z.int().positive(),
  /** That record's `hash`. */
  head: sha256,
  /** SHA-256 of the line of the checkpoint before, so that none can be taken out between two; null for the first. */
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

export type Checkpoint = Readonly<z.output<typeof checkpointSchema>>;

/** Signs with a private Ed25519 key (RFC 8032), and knows its own signature again. */
export interface CheckpointSigner extends CheckpointVerifier {
  readonly keyId: string;
  sign(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array>;
}

/** Checks signatures of one or more public keys; `unknown_key` when none of them has this id. */
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

export async function verifySignature(checkpoint: Checkpoint, verifier: CheckpointVerifier): Promise<SignatureVerdict> {
  const { signature, ...statement } = checkpoint;
  if (signature === undefined) return 'unsigned';
  return await verifier.verify(signature.key_id, bytesOf(statement), fromHex(signature.value));
}

function bytesOf(statement: Omit<Checkpoint, 'signature'>): Uint8Array<ArrayBuffer> {
  // The runtimes' types differ in what buffer the encoder's result has; this one is plain under all of them.
  return Uint8Array.from(new TextEncoder().encode(canonicalJson(statement)));
}
