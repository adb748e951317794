import type { AuditFormat } from '../format/formats.ts';
import type { Entry } from './entry.ts';
import { entryOf } from './entry.ts';
import { isFailure, rejectedIn } from './otlp-answer.ts';
import type { LogResource } from './otlp-logs.ts';
import { otlpLogs } from './otlp-logs.ts';
import type { PostDeps } from './post-batch.ts';
import { postBatch } from './post-batch.ts';
import type { Sink } from './sink.ts';
import { SinkError } from './sink.ts';
import type { OnRefused } from './write-around.ts';
import { createWriteAround } from './write-around.ts';

/**
 * The otlp sink sends a batch as one OTLP/HTTP logs request in JSON. It departs from the specification in one point on
 * purpose: after a partial success, which does not name the rejected records, it sends halves of the batch again until
 * the rejected record is alone (write-around). The specification says "MUST NOT retry", but that is for telemetry that may
 * lose lines, and a trail may not. A repeated item has the same `log.record.uid`.
 */
export interface OtlpSinkDeps extends PostDeps {
  /** The URL of the logs signal itself, not a base URL. */
  readonly url: string;
  readonly format: AuditFormat;
  readonly resource: LogResource;
  readonly scope: { readonly name: string; readonly version: string };
  readonly compression: 'gzip' | 'none';
  readonly timeoutMs: number;
  readonly userAgent: string;
  /** Request header fields, secrets included. Called for every batch. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  readonly onRefused: OnRefused;
}

export function createOtlpSink(deps: OtlpSinkDeps): Sink {
  const { url, format, resource, scope, compression, timeoutMs, userAgent, headers, onRefused } = deps;

  async function secretHeaders(): Promise<Readonly<Record<string, string>>> {
    try {
      return await headers();
    } catch {
      throw new SinkError('token_unavailable');
    }
  }

  async function post(entries: readonly Entry[]): Promise<readonly Entry[]> {
    const answer = await postBatch(deps, {
      url,
      headers: { ...(await secretHeaders()), 'Content-Type': 'application/json', 'User-Agent': userAgent },
      body: JSON.stringify(otlpLogs(entries, { resource, scope })),
      compression,
      timeoutMs,
    });
    if (isFailure(answer)) throw new SinkError('refused');
    // A negative count is not a number of lines, but the answer still reports a partial success.
    if (rejectedIn(answer) !== 0n) throw new SinkError('partly_refused');
    return [];
  }

  const write = createWriteAround({ post, onRefused });
  return { name: 'otlp', write: (items) => write(items.map((item) => entryOf(item, format))) };
}
