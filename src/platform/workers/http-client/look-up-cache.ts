import * as z from 'zod';
import { sha256Hex } from '../../../lib/sha256.ts';
import type { Ledger } from '../../../ledger/port.ts';
import type { LookUp, SharedLookUps } from '../../../upstream/groups/look-up.ts';
import { NAMES_FADE_MS } from '../../../upstream/groups/look-up.ts';

/**
 * Look-ups of Galileo's groups, shared by the isolates of one location: many isolates then ask Galileo once every ten
 * minutes and not each, and report a missing group once. The entry is named by a secret of the ledger, which a deployment
 * has for itself alone, because Workers of one zone share their caches. Without a cache each isolate looks up for itself.
 */
export const LOOK_UP_CACHE = 'galileo-invite-proxy-look-ups';

export interface LookUpCacheDeps {
  readonly openCache: () => Promise<Pick<Cache, 'match' | 'put'>>;
  readonly ledger: Pick<Ledger, 'signInSalt'>;
  /** GALILEO_API_URL. */
  readonly baseUrl: string;
}

const entrySchema = z.object({
  names: z.array(z.tuple([z.string(), z.string().nullable()])),
  isWhole: z.boolean(),
  atMs: z.number().nullable(),
  failures: z.int().nonnegative(),
  dueAtMs: z.number(),
  missing: z.array(z.string()),
});

export function createLookUpCache({ openCache, ledger, baseUrl }: LookUpCacheDeps): SharedLookUps {
  async function nameOfEntry(): Promise<string> {
    return `https://look-ups.invalid/${sha256Hex(JSON.stringify([await ledger.signInSalt(), baseUrl]))}`;
  }

  return {
    async read() {
      try {
        const found = await (await openCache()).match(await nameOfEntry());
        if (found === undefined) return null;
        const { names, ...rest } = entrySchema.parse(await found.json());
        return { ...rest, names: new Map(names) };
      } catch {
        return null;
      }
    },
    async keep({ names, ...rest }: LookUp) {
      const headers = {
        'Content-Type': 'application/json',
        'Cache-Control': `max-age=${NAMES_FADE_MS / 1000}`,
      };
      const text = JSON.stringify({ ...rest, names: [...names] });
      try {
        await (await openCache()).put(await nameOfEntry(), new Response(text, { headers }));
      } catch {
        // The next isolate looks up for itself.
      }
    },
  };
}
