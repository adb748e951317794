import { SinkError } from '../../../audit/delivery/sink.ts';
import type { OutboxItem, Sink } from '../../../audit/delivery/sink.ts';
import type { Ledger } from '../../../ledger/port.ts';
import type { AuditMessage } from './message.ts';
import { unpackMessage } from './message.ts';
import type { RetryMessageDeps } from './retry-message.ts';
import { retryMessage } from './retry-message.ts';

/**
 * The consumer of the audit Queue and of its dead-letter queue. It writes each message to the sink that the message
 * names, in order of position within a batch. A Queue keeps no order between batches and may deliver a message twice;
 * the receiver restores the order by a record's `seq` and removes repeats by its `id`. One sink never waits for
 * another. A message that cannot be written, for any reason, is retried later (retry-message) and never dropped.
 */
export interface ConsumeAuditDeps extends RetryMessageDeps {
  readonly sinks: readonly Sink[];
  readonly ledger: Pick<Ledger, 'records'>;
}

interface Readable {
  readonly message: Message;
  readonly content: AuditMessage;
}

export async function consumeAudit(batch: MessageBatch, deps: ConsumeAuditDeps): Promise<void> {
  const readable = (await Promise.all(batch.messages.map((message) => read(message, deps)))).filter(
    (one) => one !== null,
  );
  const groups = Map.groupBy(readable, ({ content }) => content.sink);
  await Promise.all([...groups].map(([name, group]) => writeGroup(name, group, deps)));
}

/** Null for a message that is not ours, or that a newer release wrote: it can only be retried later. */
async function read(message: Message, deps: ConsumeAuditDeps): Promise<Readable | null> {
  try {
    return { message, content: await unpackMessage(message.body) };
  } catch {
    deps.logger.error('audit_message_unreadable', { attempts: message.attempts });
    await retryMessage(message, deps);
    return null;
  }
}

async function writeGroup(name: string, group: readonly Readable[], deps: ConsumeAuditDeps): Promise<void> {
  const sink = deps.sinks.find((one) => one.name === name);
  if (sink === undefined) {
    // The sink was removed from AUDIT_SINKS. Its messages still arrive once it is configured again.
    deps.logger.warn('audit_sink_unknown', { sink: name, messages: group.length });
    for (const { message } of group) await retryMessage(message, deps);
    return;
  }
  let failure: { readonly retryAfterMs: number | null } | null = null;
  for (const { message, content } of group.toSorted((a, b) => positionOf(a) - positionOf(b))) {
    // After one failure the rest of the group wait too: their positions are later.
    failure ??= await write(sink, content, deps);
    if (failure === null) message.ack();
    else await retryMessage(message, deps, failure.retryAfterMs);
  }
}

/** Null when the sink has accepted the message. */
async function write(
  sink: Sink,
  content: AuditMessage,
  { ledger, logger }: ConsumeAuditDeps,
): Promise<{ readonly retryAfterMs: number | null } | null> {
  try {
    await writeInParts(sink, await Promise.all(content.items.map((item) => wholeItem(item, ledger))));
    return null;
  } catch (error) {
    const known = error instanceof SinkError ? error : null;
    logger.warn('audit_delivery_failed', { sink: sink.name, reason: known?.reason ?? 'unknown' });
    return { retryAfterMs: known?.retryAfterMs ?? null };
  }
}

/** A receiver may accept less at a time than a message holds: then the items are written in halves, in order. */
async function writeInParts(sink: Sink, items: readonly OutboxItem[]): Promise<void> {
  try {
    await sink.write(items);
  } catch (error) {
    if (!(error instanceof SinkError && error.reason === 'too_large') || items.length < 2) throw error;
    const half = Math.ceil(items.length / 2);
    await writeInParts(sink, items.slice(0, half));
    await writeInParts(sink, items.slice(half));
  }
}

async function wholeItem(item: AuditMessage['items'][number], ledger: ConsumeAuditDeps['ledger']): Promise<OutboxItem> {
  const { position, kind, line, seq = 0 } = item;
  if (line !== null) return { position, kind, line };
  const [record] = await ledger.records(seq - 1, 1);
  if (record?.seq !== seq) throw new Error('the ledger no longer has this record');
  return { position, kind, line: record.line };
}

function positionOf({ content }: Readable): number {
  return content.items[0]?.position ?? 0;
}
