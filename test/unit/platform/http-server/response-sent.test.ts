import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { responseSent } from '../../../../src/platform/node/http-server/response-sent.ts';
import { schedule } from '../../../../src/platform/node/runtime.ts';
import type { Listener } from '../../../../src/platform/node/http-server/listener.ts';
import { listen } from '../../../../src/platform/node/http-server/listener.ts';
import { createTestRefusals } from '../../../support/refusals.ts';
import { openRaw } from '../../../support/servers/raw-http.ts';
import { recordLogs, recordMetrics } from '../../../support/upstream.ts';

const open: Listener[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()));
});

/** Much more than the kernel buffers of both ends hold. */
const HEAVY = 'x'.repeat(64 * 1024 * 1024);

/** Answers every request with this text, and counts the answers made and the answers sent. */
async function serve(text: string, gate: Promise<void> = Promise.resolve()) {
  const seen = { made: 0, left: 0 };
  const asked = Promise.withResolvers<ServerResponse>();
  const options = { name: 'public', host: '127.0.0.1', port: 0 } as const;
  const ports = { refuse: createTestRefusals(), logger: recordLogs(), metrics: recordMetrics(), schedule };
  const listener = await listen(
    async (_, platformRequest) => {
      asked.resolve((platformRequest as { readonly outgoing: ServerResponse }).outgoing);
      await gate;
      seen.made += 1;
      void responseSent(platformRequest).then(() => (seen.left += 1));
      return new Response(text);
    },
    { ...options, ...ports },
  );
  open.push(listener);
  return { port: listener.port, seen, asked: asked.promise };
}

const ask = (method = 'GET'): string => `${method} / HTTP/1.1\r\nHost: x\r\n\r\n`;

/** Waits a number of turns of the event loop, not a time. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe('an answer', () => {
  it.each(['GET', 'HEAD'])('is sent when its client has it, on a connection that stays open: %s', async (method) => {
    const { port, seen } = await serve('done');
    const reader = openRaw(port);
    for (const count of [1, 2]) {
      reader.write(ask(method));
      await expect.poll(() => seen).toEqual({ made: count, left: count });
    }
    reader.socket.destroy();
  });

  it('is not sent while its client does not read it, and is sent once the client has read it', async () => {
    const { port, seen } = await serve(HEAVY);
    const reader = openRaw(port);
    reader.socket.pause();
    reader.write(ask());
    await expect.poll(() => seen.made).toBe(1);
    await turns(200);
    expect(seen.left).toBe(0);
    reader.socket.resume();
    await expect.poll(() => seen.left, { timeout: 30_000 }).toBe(1);
    reader.socket.destroy();
  });

  it('counts as sent when its connection has ended', async () => {
    const { port, seen } = await serve(HEAVY);
    const reader = openRaw(port);
    reader.socket.pause();
    reader.write(ask());
    await expect.poll(() => seen.made).toBe(1);
    reader.socket.destroy();
    await expect.poll(() => seen.left).toBe(1);
  });

  it('counts as sent when its connection had ended before it was made', async () => {
    const gate = Promise.withResolvers<void>();
    const { port, seen, asked } = await serve('done', gate.promise);
    const reader = openRaw(port);
    reader.write(ask());
    const outgoing = await asked;
    reader.socket.destroy();
    await once(outgoing, 'close');
    gate.resolve();
    await expect.poll(() => seen).toEqual({ made: 1, left: 1 });
  });

  it('counts as sent where the platform request is unknown', async () => {
    await expect(responseSent(undefined)).resolves.toBeUndefined();
    await expect(responseSent({})).resolves.toBeUndefined();
  });
});
