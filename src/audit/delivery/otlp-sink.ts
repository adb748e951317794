import * as z from 'zod';
import type { AuditFormat } from '../format/formats.ts';
import type { LogResource } from './otlp-logs.ts';
import { otlpLogs } from './otlp-logs.ts';
import type { PostDeps } from './post-batch.ts';
import { postBatch } from './post-batch.ts';
import type { Sink } from './sink.ts';
import { SinkError } from './sink.ts';

/**
 * The otlp sink: a batch is one OTLP/HTTP logs request in JSON. Departs from the specification in one point on purpose:
 * a partial success is a failure and the batch goes again, because a trail may not lose lines ("MUST NOT retry" is
 * written for telemetry that may). What arrives twice has the same `log.record.uid`.
 */
export interface OtlpSinkDeps extends PostDeps {
  /** Of the logs signal itself. */
  readonly url: string;
  readonly format: AuditFormat;
  readonly resource: LogResource;
  readonly scope: { readonly name: string; readonly version: string };
  readonly compression: 'gzip' | 'none';
  readonly timeoutMs: number;
  readonly userAgent: string;
  /** Request headers with their secrets; asked for every batch. */
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
      // Below zero it counts nothing, but calls itself a partial success all the same.
      if (rejectedIn(answer) !== 0n) throw new SinkError('partly_refused');
    },
  };
}

/**
 * ExportLogsServiceResponse, and nothing beside it: a status, or names in snake_case, may say that lines were dropped.
 * 64-bit integers are decimal strings in JSON, and numbers are to be read too.
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

/** An empty body says as much as `{}`; one that cannot be read may have said that lines were rejected. */
function rejectedIn(answer: Uint8Array): bigint {
  const text = new TextDecoder().decode(answer).trim();
  if (text === '') return 0n;
  try {
    return answerSchema.parse(JSON.parse(text)).partialSuccess?.rejectedLogRecords ?? 0n;
  } catch {
    throw new SinkError('unreadable_answer');
  }
}
