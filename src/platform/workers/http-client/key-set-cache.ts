import * as z from 'zod';
import { sha256Hex } from '../../../lib/sha256.ts';
import type { Background } from '../../../ports/background.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { DocumentResult, FetchDocument } from '../../../ports/fetch-document.ts';

/**
 * A cache of issuers' documents, shared by the isolates of one location: many cold isolates then cause one request to
 * an identity provider and not one each. It wraps fetchDocument and decides nothing about keys: auth/key-set decides
 * how long a key is trusted, counted from the fetch, because a shared document brings its age. A document is shared no
 * longer than the key set's own cool-down, and a failure for two seconds. The cache has its own name, so it never
 * returns what the zone serves or fetches elsewhere.
 */
export const KEY_SET_CACHE = 'galileo-invite-proxy-key-sets';
/** Equal to COOL_DOWN_MS in auth/key-set, which does not fetch again sooner either. */
export const SHARED_MS = 30_000;
/** Long enough for isolates that start together, and shorter than the back-off of a single isolate. */
export const FAILURE_SHARED_MS = 2_000;

export interface KeySetCacheDeps {
  readonly fetchDocument: FetchDocument;
  /** Opens the cache. When it rejects, the document is fetched and not shared. */
  readonly openCache: () => Promise<Pick<Cache, 'match' | 'put'>>;
  readonly clock: Clock;
  readonly background: Background;
}

const entrySchema = z.object({
  at: z.number(),
  result: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('document'), text: z.string(), contentType: z.string().nullable() }),
    z.object({
      kind: z.literal('failed'),
      reason: z.enum(['unreachable', 'timeout', 'redirected', 'bad_status', 'too_large', 'not_utf8']),
      status: z.number().exactOptional(),
    }),
  ]),
});

export function createKeySetCache({ fetchDocument, openCache, clock, background }: KeySetCacheDeps): FetchDocument {
  return async (request) => {
    const key = `https://key-sets.invalid/${sha256Hex(request.url)}`;
    const cache = await openCache().catch(() => null);
    const shared = cache === null ? null : await read(cache, key);
    if (shared !== null) return shared;
    const at = clock.now();
    const result = await fetchDocument(request);
    if (cache !== null) background.run(write(cache, key, at, result));
    return result;
  };

  async function read(cache: Pick<Cache, 'match'>, key: string): Promise<DocumentResult | null> {
    try {
      const found = await cache.match(key);
      if (found === undefined) return null;
      const { at, result } = entrySchema.parse(await found.json());
      const ageMs = clock.now() - at;
      if (ageMs < 0 || ageMs >= lifeOf(result)) return null;
      return result.kind === 'document' ? { ...result, ageMs } : result;
    } catch {
      return null;
    }
  }

  async function write(cache: Pick<Cache, 'put'>, key: string, at: number, result: DocumentResult): Promise<void> {
    const maxAgeS = Math.ceil(lifeOf(result) / 1000);
    const headers = { 'Content-Type': 'application/json', 'Cache-Control': `max-age=${maxAgeS}` };
    await cache.put(key, new Response(JSON.stringify({ at, result }), { headers }));
  }
}

function lifeOf({ kind }: DocumentResult): number {
  return kind === 'document' ? SHARED_MS : FAILURE_SHARED_MS;
}
