import { describe, expect, it } from 'vitest';
import { createLookUpCache, LOOK_UP_CACHE } from '../../../src/platform/workers/http-client/look-up-cache.ts';
import type { LookUp } from '../../../src/upstream/groups/look-up.ts';

const LOOK_UP: LookUp = {
  names: new Map([
    ['9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d', 'Annotators'],
    ['9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6e', null],
  ]),
  ...{ isWhole: true, atMs: 1, failures: 2, dueAtMs: 3, missing: ['9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6f'] },
};

function isolate(changes: Partial<Parameters<typeof createLookUpCache>[0]> = {}) {
  return createLookUpCache({
    openCache: () => caches.open(LOOK_UP_CACHE),
    ledger: { signInSalt: async () => 'ab'.repeat(32) },
    baseUrl: 'https://api.galileo.ai',
    ...changes,
  });
}

describe('the look-ups of a location', () => {
  it('are what an isolate kept last', async () => {
    await isolate().keep({ ...LOOK_UP, atMs: 0 });
    await isolate().keep(LOOK_UP);
    expect(await isolate().read()).toEqual(LOOK_UP);
  });

  it('are those of one deployment and one Galileo: the cache is that of a whole zone', async () => {
    await isolate().keep(LOOK_UP);
    expect(await isolate({ ledger: { signInSalt: async () => 'cd'.repeat(32) } }).read()).toBeNull();
    expect(await isolate({ baseUrl: 'https://api.galileo.acme.com' }).read()).toBeNull();
  });

  it('do not name the secret of the ledger', async () => {
    const urls: string[] = [];
    const put = async (url: unknown): Promise<void> => void urls.push(String(url));
    await isolate({ openCache: async () => ({ put, match: async () => undefined }) }).keep(LOOK_UP);
    expect(urls).toEqual([expect.stringMatching(/^https:\/\/look-ups\.invalid\/[0-9a-f]{64}$/)]);
    expect(urls.join('')).not.toContain('abababab');
  });

  it.each<readonly [name: string, changes: Parameters<typeof isolate>[0]]>([
    ['there is no cache', { openCache: () => Promise.reject(new Error('no cache')) }],
    ['the ledger does not answer', { ledger: { signInSalt: () => Promise.reject(new Error('no ledger')) } }],
    [
      'the entry is not one of this release',
      { openCache: async () => ({ put: async () => undefined, match: async () => Response.json({ names: 1 }) }) },
    ],
  ])('are missing, and nothing else fails, when %s', async (_, changes) => {
    await isolate(changes).keep(LOOK_UP);
    expect(await isolate(changes).read()).toBeNull();
  });
});
