import { describe, expect, it } from 'vitest';
import { disguises } from '../../../support/key-disguises.ts';
import { leaksOf } from '../../../support/audit/operational-lines.ts';

const KEY = 'test-key-0f3c9a7e5b1d2468';

describe('the search over operational lines', () => {
  it.each<readonly [name: string, line: string]>([
    ['an address', '{"event":"x","who":"ann@acme.com"}'],
    ['an escaped address', '{"event":"x","url":"/?q=ann%40acme.com"}'],
    ['a token', '{"event":"x","header":"eyJhbGciOiJSUzI1NiJ9.e30.AA"}'],
    ['an opaque bearer token', '{"event":"x","header":"Bearer 0123456789"}'],
    ...disguises(KEY).map(([name, text]) => [`the key ${name}`, `{"event":"x","error":"${text}"}`] as const),
  ])('finds %s', (_name, line) => {
    expect(leaksOf(line, [KEY])).not.toEqual([]);
  });

  it('finds nothing in a line of codes, ids and counts', () => {
    const line = '{"event":"request","route":"/v2/invite_users","status":200,"request_id":"0199aa"}';
    expect(leaksOf(line, [KEY])).toEqual([]);
  });
});
