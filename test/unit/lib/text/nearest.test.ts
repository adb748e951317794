import { describe, expect, it } from 'vitest';
import { didYouMean, nearest } from '../../../../src/lib/text/nearest.ts';

const NAMES = ['audience', 'issuer', 'jwks_uri', 'client_id', 'invites:write', 'any'];

describe('the nearest known name', () => {
  it.each([
    ['audiance', 'audience'],
    ['audeince', 'audience'],
    ['jwks_url', 'jwks_uri'],
    ['jwksUri', 'jwks_uri'],
    ['CLIENT-ID', 'client_id'],
    ['clientId', 'client_id'],
    ['invite:write', 'invites:write'],
    ['Issuer', 'issuer'],
  ])('for %s is %s', (word, name) => {
    expect(nearest(word, NAMES)).toBe(name);
    expect(didYouMean(word, NAMES)).toBe(`; did you mean ${name}?`);
  });

  it.each(['', 'certificate', 'xyz', 'a-good-key-0123456789', 'audience'.repeat(20)])(
    'is none for %j, which resembles none',
    (word) => {
      expect(nearest(word, NAMES)).toBeNull();
      expect(didYouMean(word, NAMES)).toBe('');
    },
  );

  it('is none where nothing is known', () => {
    expect(nearest('issuer', [])).toBeNull();
  });
});
