import { describe, expect, it } from 'vitest';
import { collectBytes } from '../../../src/lib/collect-bytes.ts';

/** A stream of chunks of these sizes, and the reason of its cancel. */
function streamOf(sizes: readonly number[], after: 'close' | 'error' | 'nothing' = 'close') {
  const seen = { cancelled: false };
  let next = 0;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const size = sizes[next];
        next += 1;
        if (size !== undefined) controller.enqueue(new Uint8Array(size).fill(next));
        else if (after === 'close') controller.close();
        else if (after === 'error') controller.error(new Error('cut'));
      },
      cancel() {
        seen.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { reader: stream.getReader(), seen };
}

describe('reading a stream up to a limit', () => {
  it.each([[[]], [[3]], [[1, 2]], [[0, 2, 1]]])('joins its chunks, up to the last allowed byte: %j', async (sizes) => {
    const { reader, seen } = streamOf(sizes);
    const expected = sizes.flatMap((size, index) => Array.from({ length: size }, () => index + 1));
    expect([...((await collectBytes(reader, 3)) ?? [])]).toEqual(expected);
    expect(seen.cancelled).toBe(false);
  });

  it('ends with null at the first byte beyond, and cancels a stream that would never end', async () => {
    const { reader, seen } = streamOf([3, 1], 'nothing');
    expect(await collectBytes(reader, 3)).toBeNull();
    expect(seen.cancelled).toBe(true);
  });

  it('keeps no chunk but the first, so that a stream of one byte a chunk costs no more memory than another', async () => {
    const chunk = new Uint8Array(1);
    let sent = 0;
    const stream = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          sent += 1;
          chunk[0] = sent;
          if (sent > 3) controller.close();
          else controller.enqueue(sent === 1 ? chunk.slice() : chunk);
        },
      },
      { highWaterMark: 0 },
    );
    expect([...((await collectBytes(stream.getReader(), 3)) ?? [])]).toEqual([1, 2, 3]);
  });

  it('rejects as the stream does', async () => {
    await expect(collectBytes(streamOf([1], 'error').reader, 3)).rejects.toThrow('cut');
  });
});
