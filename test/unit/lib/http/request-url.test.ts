import { describe, expect, it } from 'vitest';
import { pathOf, searchParams } from '../../../../src/lib/http/request-url.ts';

const URLS = [
  'http://localhost/',
  'http://localhost',
  'http://localhost:80/v2/invite_users',
  'https://[::1]:8443/v2/invite_users?dry_run=true',
  'https://proxy.example/a//b?x=/y&x=2#z',
  'https://proxy.example/a#b?c',
  'https://proxy.example/?',
];

describe('a part of the URL of a request', () => {
  it.each(URLS)('is the same as a parser finds: %s', (url) => {
    const parsed = new URL(url);
    expect(pathOf(url)).toBe(parsed.pathname);
    expect([...searchParams(url)]).toEqual([...parsed.searchParams]);
  });

  it.each([
    ['http://localhost/a/../b', '/a/../b'],
    ['http://localhost/a\\b', '/a\\b'],
  ])('has what a parser would resolve: %s', (url, path) => {
    expect(pathOf(url)).toBe(path);
  });
});
