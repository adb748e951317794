import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ParityHarness } from '../parity/parity-harness.ts';
import { startParityHarness } from '../parity/parity-harness.ts';
import { startHttpFaultProxy } from '../support/servers/http-fault-proxy.ts';
import type { HttpFaultProxy } from '../support/servers/http-fault-proxy.ts';
import { COLLECTOR_SITUATIONS } from './collector.ts';

/** Longer than the sink waits for an answer, and pauses behind it. */
const PATIENCE = { timeout: 60_000 };

describe('an invite, when', () => {
  let server: Server;
  let proxy: HttpFaultProxy;
  let harness: ParityHarness;
  /** The `seq` of each line that came, in the order of their coming. */
  const came: number[] = [];
  let more = Promise.withResolvers<void>();

  beforeAll(async () => {
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('error', () => undefined);
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString();
        for (const line of text.split('\n')) {
          // Checkpoints come between records, and have none.
          const seq = line === '' ? undefined : (JSON.parse(line) as { readonly seq?: number }).seq;
          if (seq !== undefined) came.push(seq);
        }
        response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
        more.resolve();
        more = Promise.withResolvers();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await startHttpFaultProxy({ port: (server.address() as AddressInfo).port });
    harness = await startParityHarness('node', {
      AUDIT_SINKS: 'http',
      AUDIT_HTTP_URL: `http://127.0.0.1:${String(proxy.port)}/records`,
    });
  });
  afterAll(async () => {
    await harness.stop();
    await proxy.close();
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });

  async function allCame(): Promise<void> {
    for (;;) {
      const waiting = more.promise;
      const records = (await harness.trail()).map(({ seq }) => seq);
      if (records.every((seq) => came.includes(seq))) return;
      await waiting;
    }
  }

  for (const { what, fault, ending, comesTwice } of COLLECTOR_SITUATIONS) {
    it(what.replace(/^The /, 'the ').replace(/^A /, 'a '), async () => {
      await allCame();
      await proxy.drain();
      const { length: before } = came;
      const { struck } = proxy;
      if (fault === 'refused') await proxy.refuse();
      else if (typeof fault === 'object') proxy.order(fault);
      const caller = await harness.caller();
      expect((await caller.invite({ emails: ['ann@acme.com'] })).status).toBe(ending.status);
      if (fault === 'refused') {
        const hasFailed = () => harness.lines().some((line) => line.includes('audit_delivery_failed'));
        await expect.poll(hasFailed, PATIENCE).toBe(true);
        await proxy.heal();
      } else {
        await expect.poll(() => proxy.struck, PATIENCE).toBe(struck + 1);
      }
      await allCame();
      if (comesTwice === true) await expect.poll(() => new Set(came).size < came.length, PATIENCE).toBe(true);
      const added = came.slice(before);
      // Nothing is missing, and what comes again comes in order.
      expect([...new Set(added)]).toEqual([...new Set(added)].toSorted((a, b) => a - b));
      expect(added.length > new Set(added).size).toBe(comesTwice === true);
      came.splice(0, came.length, ...new Set(came));
    });
  }
});
