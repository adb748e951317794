import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { readBody } from '../../../../src/platform/node/http-server/read-body.ts';

function reading(maxBytes = 8) {
  const incoming = new IncomingMessage(new Socket());
  const body = readBody({ incoming }, maxBytes);
  if (body === null) throw new Error('there is a request');
  const push = (...chunks: readonly (string | null)[]) => {
    for (const chunk of chunks) incoming.push(chunk === null ? null : Buffer.from(chunk));
  };
  return { incoming, body, push };
}

describe('the body of a Node request', () => {
  it('is read as one piece, however it arrives', async () => {
    const { body, push } = reading();
    push('{"a"', ':', '1}', null);
    expect(Buffer.from((await body.bytes) ?? []).toString()).toBe('{"a":1}');
  });

  it('is the chunk itself where there is only one', async () => {
    const { incoming, body } = reading();
    const chunk = Buffer.from('abc');
    incoming.push(chunk);
    incoming.push(null);
    expect(await body.bytes).toBe(chunk);
  });

  it('keeps no chunk but the first, so that a client that sends one byte a chunk costs no more memory than another', async () => {
    const { incoming, body } = reading();
    const chunk = Buffer.alloc(1);
    for (const letter of 'abc') {
      chunk.write(letter);
      incoming.emit('data', letter === 'a' ? Buffer.from(chunk) : chunk);
    }
    incoming.push(null);
    expect(Buffer.from((await body.bytes) ?? []).toString()).toBe('abc');
  });

  it('may be empty', async () => {
    const { body, push } = reading();
    push(null);
    expect((await body.bytes)?.length).toBe(0);
  });

  it('is too large as soon as one byte is beyond the limit, and is read no further', async () => {
    const { incoming, body, push } = reading(4);
    push('abcd', 'e');
    expect(await body.bytes).toBeNull();
    push('fgh');
    expect(incoming.isPaused()).toBe(true);
    expect(incoming.readableLength).toBe(3);
  });

  it('may have exactly as many bytes as the limit', async () => {
    const { body, push } = reading(4);
    push('abcd', null);
    expect((await body.bytes)?.length).toBe(4);
  });

  it.each([
    ['the client goes away', (incoming: IncomingMessage) => incoming.destroy()],
    ['the framing breaks', (incoming: IncomingMessage) => incoming.destroy(new Error('bad chunk'))],
  ])('is refused as cut off when %s, and a later error ends nothing', async (_, cut) => {
    const { incoming, body, push } = reading();
    push('ab');
    cut(incoming);
    await expect(body.bytes).rejects.toThrow('cut off');
    expect(() => incoming.emit('error', new Error('late'))).not.toThrow();
  });

  it('is read no further after a cancel', async () => {
    const { incoming, body } = reading();
    body.cancel();
    await expect(body.bytes).rejects.toThrow('cut off');
    expect(incoming.listenerCount('data')).toBe(0);
  });

  it('is refused as cut off when its connection has gone before', async () => {
    const incoming = new IncomingMessage(new Socket());
    incoming.destroy();
    await expect(readBody({ incoming }, 8)?.bytes).rejects.toThrow('cut off');
  });

  it.each([[undefined], [{}]])('is left to the web stream where there is no Node request (%j)', (platformRequest) => {
    expect(readBody(platformRequest, 8)).toBeNull();
  });
});
