import { describe, expect, it } from 'vitest';
import { createByteCollector } from '../../../src/lib/byte-collector.ts';

/** A collector that got chunks of these sizes; each chunk holds its own number. */
function collected(sizes: readonly number[], maxBytes = 10) {
  const collector = createByteCollector(maxBytes);
  const added = sizes.map((size, index) => collector.add(new Uint8Array(size).fill(index + 1)));
  return { bytes: collector.bytes(), added };
}

describe('a collector of bytes', () => {
  it.each([[[]], [[3]], [[1, 2]], [[0, 2, 1, 0]], [[1, 1, 1, 1, 1, 1, 1]], [[2, 8]]])(
    'joins chunks of any sizes, up to the last allowed byte: %j',
    (sizes) => {
      const { bytes, added } = collected(sizes);
      expect([...bytes]).toEqual(sizes.flatMap((size, index) => Array.from({ length: size }, () => index + 1)));
      expect(added.every(Boolean)).toBe(true);
    },
  );

  it('takes no byte beyond its limit, and keeps what it has', () => {
    const { bytes, added } = collected([9, 2, 1, 1]);
    expect(added).toEqual([true, false, true, false]);
    expect([...bytes.subarray(8)]).toEqual([1, 3]);
  });

  it('keeps a single chunk as it came', () => {
    const collector = createByteCollector(10);
    const chunk = new Uint8Array([1]);
    collector.add(chunk);
    expect(collector.bytes()).toBe(chunk);
  });

  it('holds a copy of each of several chunks, and not the chunks', () => {
    const collector = createByteCollector(10);
    const chunks = [new Uint8Array([1]), new Uint8Array([2]), new Uint8Array([3])];
    for (const chunk of chunks) collector.add(chunk);
    for (const chunk of chunks) chunk.fill(9);
    expect([...collector.bytes()]).toEqual([1, 2, 3]);
  });
});
