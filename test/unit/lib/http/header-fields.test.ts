import { describe, expect, it } from 'vitest';
import { FIELD_NAME, MESSAGE_FIELDS } from '../../../../src/lib/http/header-fields.ts';

describe('a field name', () => {
  it('is a token: letters, digits and the fifteen signs of RFC 9110', () => {
    expect(['Galileo-API-Key', 'x', "!#$%&'*+-.^_`|~"].map((name) => FIELD_NAME.test(name))).toEqual([
      true,
      true,
      true,
    ]);
  });

  it.each(['', 'a b', 'a:', 'a\n', 'a\r\nb: c', 'ä', '"a"', 'a,b'])('is not %j', (name) => {
    expect(FIELD_NAME.test(name)).toBe(false);
  });
});

describe('the fields of a message itself', () => {
  it('are in lower case, and hold what frames and describes it', () => {
    const all = [...MESSAGE_FIELDS];
    expect(all).toEqual(all.map((name) => name.toLowerCase()));
    expect(all).toEqual(expect.arrayContaining(['content-length', 'content-type', 'host', 'transfer-encoding']));
  });
});
