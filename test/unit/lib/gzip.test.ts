import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { gunzip, gzip } from '../../../src/lib/gzip.ts';

const TEXT = `Zürich ${'a'.repeat(10_000)}`;

it('packs a text so that others can unpack it, into fewer bytes', async () => {
  const packed = await gzip(TEXT);
  expect(packed.byteLength).toBeLessThan(200);
  expect(gunzipSync(packed).toString()).toBe(TEXT);
});

it('packs the same text into the same bytes', async () => {
  expect(await gzip(TEXT)).toEqual(await gzip(TEXT));
});

it('unpacks what it has packed, and rejects anything else', async () => {
  expect(await gunzip(await gzip(TEXT))).toBe(TEXT);
  await expect(gunzip(new Uint8Array([1, 2, 3]))).rejects.toThrow();
});
