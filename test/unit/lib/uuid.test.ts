import { describe, expect, it } from 'vitest';
import { UUID, UUID_V4 } from '../../../src/lib/uuid.ts';

const V4 = '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d';
const V7 = '0197a3c0-1234-7abc-8def-0123456789ab';

describe('a UUID', () => {
  it('is the dashed form in lower case, of any version', () => {
    expect([V4, V7, '00000000-0000-0000-0000-000000000000'].every((text) => UUID.test(text))).toBe(true);
  });

  it.each([
    V4.toUpperCase(),
    V4.replaceAll('-', ''),
    `{${V4}}`,
    `urn:uuid:${V4}`,
    `${V4}\n`,
    ` ${V4}`,
    `g${V4.slice(1)}`,
  ])('is nothing else: %j', (text) => {
    expect(UUID.test(text)).toBe(false);
  });

  it('of version 4 has the digits of its version and variant, in any case', () => {
    expect([V4, V4.toUpperCase()].map((text) => UUID_V4.test(text))).toEqual([true, true]);
    expect([V7, V4.replace('-9b', '-cb'), `${V4}\n`].map((text) => UUID_V4.test(text))).toEqual([false, false, false]);
  });
});
