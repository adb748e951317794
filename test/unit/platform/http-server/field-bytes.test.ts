import { describe, expect, it } from 'vitest';
import { fieldBytes } from '../../../../src/platform/node/http-server/field-bytes.ts';

describe('the bytes of header fields', () => {
  it('are those that were received, each field with its colon, space and line end', () => {
    expect(fieldBytes({ incoming: { rawHeaders: [] } })).toBe(0);
    const text = 'Host: a\r\nX-A: bcd\r\nX-A: é\r\n';
    expect(fieldBytes({ incoming: { rawHeaders: ['Host', 'a', 'X-A', 'bcd', 'X-A', 'é'] } })).toBe(text.length);
  });

  it.each([undefined, null, {}])('are unknown without a request of Node: %j', (platformRequest) => {
    expect(fieldBytes(platformRequest)).toBeNull();
  });
});
