import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { StandIn } from './stand-in.ts';
import type { Vendor } from './vendor.ts';

/** Serves the stand-in on this machine until the test ends. Returns its address with the path of the vendor's. */
export async function served(vendor: Vendor, { http }: Pick<StandIn, 'http'>): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void http
        .exchange({
          method: 'POST',
          url: new URL(request.url ?? '', vendor.url).href,
          headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
          body: new Uint8Array(Buffer.concat(chunks)),
          deadlines: { connectMs: 1, headersMs: 1, bodyMs: 1, totalMs: 1 },
          maxResponseBytes: 1,
        })
        .then((result) => {
          if (result.kind === 'answered') response.writeHead(result.status, result.headers).end(result.body);
          else request.socket.resetAndDestroy();
        });
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
  const { pathname, search } = new URL(vendor.url);
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}${pathname}${search}`;
}
