import * as z from 'zod';
import type { OutboxItem } from '../../../audit/delivery/sink.ts';
import { gunzip, gzip } from '../../../lib/gzip.ts';

/**
 * A message of the audit Queue: outbox items for one sink, as gzip of JSON. A message holds 128 KB, and a single record
 * may be larger, so items are compressed. A record that is too large even then is sent as its `seq` alone, and the
 * consumer reads it from the ledger. The schema is checked at both ends: a message may be older than the program that
 * reads it.
 */
const messageSchema = z.strictObject({
  /** The name of the sink that the items are for. */
  sink: z.string(),
  items: z
    .array(
      z.strictObject({
        position: z.int().nonnegative(),
        kind: z.enum(['record', 'checkpoint']),
        /** Null: the record is too large for a message; `seq` identifies it. */
        line: z.string().nullable(),
        seq: z.int().positive().exactOptional(),
      }),
    )
    .readonly(),
});

export type AuditMessage = Readonly<z.output<typeof messageSchema>>;

/** The platform's limit is 128 KB, its own metadata included. */
export const MAX_MESSAGE_BYTES = 120_000;

/** The items, in order, as one message or as several. */
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
