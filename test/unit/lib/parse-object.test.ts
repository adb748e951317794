import { describe, expect, it } from 'vitest';
import { isObject, parseObject } from '../../../src/lib/parse-object.ts';

describe('a JSON object', () => {
  it('is parsed, with the last of repeated members', () => {
    expect(parseObject('{"a":1,"a":2}')).toEqual({ a: 2 });
  });

  it.each(['[]', 'null', '"a"', '1', '', '{', '{} {}'])('is no other text: %j', (text) => {
    expect(parseObject(text)).toBeNull();
  });

  it('is neither an array nor null', () => {
    expect([{}, [], null, 'a', undefined].map(isObject)).toEqual([true, false, false, false, false]);
  });
});
