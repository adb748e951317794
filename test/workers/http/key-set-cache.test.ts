import { describe, expect, it } from 'vitest';
import {
  createKeySetCache,
  FAILURE_SHARED_MS,
  KEY_SET_CACHE,
  SHARED_MS,
} from '../../../src/platform/workers/http-client/key-set-cache.ts';
import type { DocumentResult } from '../../../src/ports/fetch-document.ts';
import { createFakeClock } from '../../support/clock.ts';

/** Isolates of one location: each has its own adapter over the runtime's one cache. */
const KEYS: DocumentResult = { kind: 'document', text: '{"keys":[]}', contentType: 'application/json' };
const DOWN: DocumentResult = { kind: 'failed', reason: 'bad_status', status: 503 };

let urls = 0;

function location() {
  urls += 1;
  const request = { url: `https://login-${String(urls)}.example.com/jwks`, timeoutMs: 1_000, maxBytes: 1_000 };
  const clock = createFakeClock();
  const background: Promise<unknown>[] = [];
  const harness = { result: KEYS, asked: 0, openCache: () => caches.open(KEY_SET_CACHE) };
  return {
    clock,
    harness,
    request,
    /** A new isolate without any state asks for the document. */
    async ask(url = request.url): Promise<DocumentResult> {
      const read = createKeySetCache({
        fetchDocument: async () => {
          harness.asked += 1;
          return harness.result;
        },
        openCache: () => harness.openCache(),
        clock,
        background: { run: (task) => void background.push(task.catch(() => undefined)) },
      });
      const result = await read({ ...request, url });
      await Promise.all(background.splice(0));
      return result;
    },
  };
}

describe('an issuer’s documents', () => {
  it('are fetched once for all isolates of a location', async () => {
    const { ask, harness } = location();
    for (let times = 0; times < 5; times += 1) expect(await ask()).toMatchObject(KEYS);
    expect(harness.asked).toBe(1);
  });

  it('bring their age, so that no key lives longer for being shared', async () => {
    const { ask, clock } = location();
    expect(await ask()).toEqual(KEYS);
    clock.advance(12_345);
    expect(await ask()).toEqual({ ...KEYS, ageMs: 12_345 });
  });

  it('are fetched again once they are as old as the cool-down', async () => {
    const { ask, clock, harness } = location();
    await ask();
    clock.advance(SHARED_MS - 1);
    await ask();
    expect(harness.asked).toBe(1);
    harness.result = { ...KEYS, text: '{"keys":[1]}' };
    clock.advance(1);
    expect(await ask()).toEqual(harness.result);
    expect(harness.asked).toBe(2);
  });

  it('are not mixed up', async () => {
    const { ask, request, harness } = location();
    await ask();
    await ask(`${request.url}?other`);
    expect(harness.asked).toBe(2);
  });

  it('share a failure for two seconds only', async () => {
    const { ask, clock, harness } = location();
    harness.result = DOWN;
    expect([await ask(), await ask()]).toEqual([DOWN, DOWN]);
    expect(harness.asked).toBe(1);
    harness.result = KEYS;
    clock.advance(FAILURE_SHARED_MS);
    expect(await ask()).toEqual(KEYS);
  });

  it('are fetched again when the clock was set back', async () => {
    const { ask, clock, harness } = location();
    await ask();
    clock.advance(-1);
    await ask();
    expect(harness.asked).toBe(2);
  });

  it.each([
    ['cannot be opened', () => Promise.reject(new Error('no cache'))],
    [
      'fails',
      () =>
        Promise.resolve({
          match: () => Promise.reject(new Error('match')),
          put: () => Promise.reject(new Error('put')),
        } as unknown as Cache),
    ],
    [
      'holds something else',
      () =>
        Promise.resolve({
          match: () => Promise.resolve(new Response('{"at":0,"result":{"kind":"document"}}')),
          put: () => Promise.resolve(),
        } as unknown as Cache),
    ],
  ])('are fetched all the same when the cache %s', async (_name, openCache) => {
    const { ask, harness } = location();
    harness.openCache = openCache;
    expect([await ask(), await ask()]).toEqual([KEYS, KEYS]);
    expect(harness.asked).toBe(2);
  });
});
