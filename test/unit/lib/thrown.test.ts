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

  it.each(['ann@acme.com\n    at secret (/tmp/input:1:1)', 'at\n    at ann (at:1:1)\n    at ann (at:2:2)', ''])(
    'is located in the code, even if its message looks like a frame: %j',
    (message) => {
      expect(thrownAt(new Error(message))).toMatch(/ thrown\.test\.ts:\d+$/);
    },
  );

  it('has no place when its message has changed since it was made, because that may look like a frame', () => {
    const { stack } = new Error('a\n    at secret (/tmp/input:1:1)');
    expect(thrownAt(Object.assign(new Error('b'), { stack }))).toBeNull();
  });

  it('has no place when it is no error or has no stack', () => {
    expect(thrownAt('text')).toBeNull();
    expect(thrownAt(Object.assign(new Error('text'), { stack: undefined }))).toBeNull();
  });
});
