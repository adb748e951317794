import { describe, expect, it } from 'vitest';
import { thrownAt, thrownCode, thrownName } from '../../../src/lib/thrown.ts';

const withCode = (code: unknown): Error => Object.assign(new TypeError('quotes ann@acme.com'), { code });

describe('a thrown value', () => {
  it.each([
    [new TypeError('quotes ann@acme.com'), 'TypeError'],
    ['a text that quotes ann@acme.com', 'string'],
    [{ name: 'ann@acme.com' }, 'object'],
    [undefined, 'undefined'],
  ])('is named by its class or type: %s', (thrown, name) => {
    expect(thrownName(thrown)).toBe(name);
  });

  it.each([
    [withCode('ENOENT'), 'ENOENT'],
    [withCode(5), null],
    [new Error('no code'), null],
    [{ code: 'ENOENT' }, null],
    [null, null],
  ])('has a code only if it is an error with a text as its code: %s', (thrown, code) => {
    expect(thrownCode(thrown)).toBe(code);
  });

  it('is located by function, file and line, without directories and without the message', () => {
    function failing(): Error {
      return new Error('quotes ann@acme.com');
    }
    expect(thrownAt(failing())).toMatch(/^failing thrown\.test\.ts:\d+$/);
  });

  it('has no place when it is no error or has no stack', () => {
    expect(thrownAt('text')).toBeNull();
    expect(thrownAt(Object.assign(new Error('text'), { stack: undefined }))).toBeNull();
  });
});
