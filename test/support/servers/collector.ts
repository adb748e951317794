import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

/** A log collector on a real socket. It answers as the test scripts it, and keeps every request. */
export interface Collector {
  readonly url: string;
  readonly received: readonly ReceivedBatch[];
}

export interface ReceivedBatch {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The body as it came. */
  readonly bytes: Buffer;
  /** The body without its content coding. */
  readonly text: string;
}

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export const status =
  (code: number, headers: Record<string, string> = {}, body = ''): Answer =>
  (response) =>
    response.writeHead(code, headers).end(body);

/** Gives one answer per request, and the last answer to all further requests. Closes after the test. */
export async function serveCollector(...answers: readonly Answer[]): Promise<Collector> {
  const received: ReceivedBatch[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const bytes = Buffer.concat(chunks);
      const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString();
      const { method = '', url: path = '', headers } = request;
      received.push({ method, path, headers, bytes, text });
      (answers[received.length - 1] ?? answers.at(-1) ?? status(204))(response, request);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(
    () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  );
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, received };
}
