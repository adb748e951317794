import * as z from 'zod';
import type { AuditFormat } from '../format/formats.ts';
import type { LogResource } from './otlp-logs.ts';
import { otlpLogs } from './otlp-logs.ts';
import type { PostDeps } from './post-batch.ts';
import { postBatch } from './post-batch.ts';
import type { Sink } from './sink.ts';
import { SinkError } from './sink.ts';

/**
 * The otlp sink sends a batch as one OTLP/HTTP logs request in JSON. It departs from the specification in one point on
 * purpose: a partial success is a failure, and the batch is sent again. The specification says "MUST NOT retry", but
 * that is for telemetry that may lose lines, and a trail may not. A repeated item has the same `log.record.uid`.
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
}

export function createOtlpSink(deps: OtlpSinkDeps): Sink {
  const { url, format, resource, scope, compression, timeoutMs, userAgent, headers } = deps;

  async function secretHeaders(): Promise<Readonly<Record<string, string>>> {
    try {
      return await headers();
    } catch {
      throw new SinkError('token_unavailable');
    }
  }

  return {
    name: 'otlp',
    async write(items) {
      if (items.length === 0) return;
      const answer = await postBatch(deps, {
        url,
        headers: { ...(await secretHeaders()), 'Content-Type': 'application/json', 'User-Agent': userAgent },
        body: JSON.stringify(otlpLogs(items, { format, resource, scope })),
        compression,
        timeoutMs,
      });
      // A negative count is not a number of lines, but the answer still reports a partial success.
      if (rejectedIn(answer) !== 0n) throw new SinkError('partly_refused');
    },
  };
}

/**
 * ExportLogsServiceResponse without any other member: a status, or a name in snake_case, might report dropped lines.
 * 64-bit integers are decimal strings in JSON; a reader must accept numbers too.
 */
const answerSchema = z.strictObject({
  partialSuccess: z
    .strictObject({
      rejectedLogRecords: z
        .union([z.int(), z.string().regex(/^-?\d{1,19}$/)])
        .nullish()
        .transform((value) => BigInt(value ?? 0)),
      errorMessage: z.string().nullish(),
    })
    .nullish(),
});

/** An empty body means the same as `{}`. A body that cannot be parsed is an error: it might report rejected lines. */
function rejectedIn(answer: Uint8Array): bigint {
  const text = new TextDecoder().decode(answer).trim();
  if (text === '') return 0n;
  try {
    return answerSchema.parse(JSON.parse(text)).partialSuccess?.rejectedLogRecords ?? 0n;
  } catch {
    throw new SinkError('unreadable_answer');
  }
}
