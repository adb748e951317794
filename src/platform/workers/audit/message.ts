import * as z from 'zod';
import type { OutboxItem } from '../../../audit/delivery/sink.ts';

/**
 * What the audit Queue carries: items of the outbox for one sink, as gzip of JSON, because a message holds 128 KB and a
 * single record may have more than that. A record that does not fit even so travels as its seq alone, and is read from
 * the ledger by whoever takes the message. Checked at both ends: a message may be older than the program that reads it.
 */
const messageSchema = z.strictObject({
  /** The name of the sink it is for. */
  sink: z.string(),
  items: z
    .array(
      z.strictObject({
        position: z.int().nonnegative(),
        kind: z.enum(['record', 'checkpoint']),
        /** Null: too large to travel; `seq` tells which record it is. */
        line: z.string().nullable(),
        seq: z.int().positive().exactOptional(),
      }),
    )
    .readonly(),
});

export type AuditMessage = Readonly<z.output<typeof messageSchema>>;

/** A message may have 128 KB, the platform's own notes included. */
export const MAX_MESSAGE_BYTES = 120_000;

/** The items, in order, as one message or as many as it takes. */
export async function packMessages(sink: string, items: readonly OutboxItem[]): Promise<Uint8Array<ArrayBuffer>[]> {
  const packed = await gzip(JSON.stringify({ sink, items } satisfies AuditMessage));
  if (packed.byteLength <= MAX_MESSAGE_BYTES) return [packed];
  const [only] = items;
  if (items.length === 1 && only !== undefined) return [await packReference(sink, only)];
  const half = Math.ceil(items.length / 2);
  return [...(await packMessages(sink, items.slice(0, half))), ...(await packMessages(sink, items.slice(half)))];
}

/** Throws when the bytes are not such a message. */
export async function unpackMessage(body: unknown): Promise<AuditMessage> {
  return messageSchema.parse(JSON.parse(await gunzip(z.instanceof(ArrayBuffer).parse(body))));
}

async function packReference(sink: string, { position, kind, line }: OutboxItem): Promise<Uint8Array<ArrayBuffer>> {
  const { seq } = z.looseObject({ seq: z.int().positive() }).parse(JSON.parse(line));
  return await gzip(JSON.stringify({ sink, items: [{ position, kind, line: null, seq }] } satisfies AuditMessage));
}

async function gzip(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function gunzip(bytes: ArrayBuffer): Promise<string> {
  return await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).text();
}
