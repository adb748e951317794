import * as z from 'zod';
import { holdsInvisible } from '../../lib/text/invisible-text.ts';
import { UUID_V4 } from '../../lib/uuid.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Deadlines, HttpPort } from '../../ports/http.ts';
import type { Unanswered } from '../ask-signed-in.ts';
import { askSignedIn, readJson, unanswered } from '../ask-signed-in.ts';
import type { Credential, Credentials, SecretSearch } from '../credentials.ts';
import { remaining } from '../deadline.ts';
import { buildGroupsRequest, groupsUrl } from '../request.ts';

/**
 * Asks Galileo for its groups (`GET /v2/groups`, read-only): their ids and names. Route and members of a group are
 * published at docs.galileo.ai/api-reference/groups; the paging is that of all lists of this API. Bytes, pages, groups
 * and time are bounded. Galileo may hide a group from the account that asks, so a group that is not listed may exist.
 */
export interface AskGroups {
  /** `expected`: lower-case ids. When one of them is not among several pages, the list is read once more. Never rejects. */
  (expected: ReadonlySet<string>): Promise<GroupsAnswer>;
}

/** `with` one credential, for commands that have signed in already. */
export type ReadGroups = (
  credential: Credential,
  holdsSecret: SecretSearch,
  expected: ReadonlySet<string>,
) => Promise<GroupsAnswer>;

export type GroupsAnswer = GroupList | Unanswered;

export interface GroupList {
  readonly kind: 'answered';
  /** By lower-case id. Null: its name is not fit to be shown. */
  readonly names: ReadonlyMap<string, string | null>;
  /** False: there are more groups than are read, so that one which is not listed proves nothing. */
  readonly isWhole: boolean;
}

export interface ReadGroupsDeps {
  readonly http: HttpPort;
  readonly clock: Clock;
  readonly baseUrl: string;
  /** For all pages together. */
  readonly deadlines: Deadlines;
  readonly version: string;
}

const PAGE_SIZE = 100;
const MAX_PAGES = 20;
const MAX_BYTES = 2 * 1024 * 1024;
const MAX_GROUPS = 5_000;
/** As in Galileo. */
const MAX_NAME_LENGTH = 128;

const pageSchema = z.object({
  groups: z.array(z.unknown()),
  next_starting_token: z.int().nonnegative().nullish(),
});
/** Tolerant: other members differ between versions of the server. */
const groupSchema = z.object({
  id: z.string().toLowerCase().regex(UUID_V4),
  name: z
    .string()
    .min(1)
    .max(MAX_NAME_LENGTH)
    .refine((name) => !holdsInvisible(name) && name.trim() !== '')
    .nullable()
    .catch(null),
});

/** Throws a TypeError when the address is unfit. */
export function createAskGroups({
  credentials,
  ...deps
}: ReadGroupsDeps & { readonly credentials: Credentials }): AskGroups {
  const read = createReadGroups(deps);
  return async (expected) =>
    // Names can wait, and no invite may wait for them.
    await askSignedIn(
      credentials,
      { withinMs: deps.deadlines.totalMs, mayProve: false },
      async (credential, holdsSecret) => await read(credential, holdsSecret, expected),
    );
}

/** Throws a TypeError when the address is unfit. The returned function rejects only when the port does. */
export function createReadGroups({ http, clock, baseUrl, deadlines, version }: ReadGroupsDeps): ReadGroups {
  const url = groupsUrl(baseUrl);

  return async (credential, holdsSecret, expected) => {
    const startedAtMs = clock.now();
    const names = new Map<string, string | null>();
    const first = await readList();
    if (typeof first !== 'object') return { kind: 'answered', names, isWhole: first === 'whole' };
    return first;

    /** Adds what is listed to `names`. */
    async function readList(isSecond = false): Promise<'whole' | 'cut' | Unanswered> {
      let bytes = 0;
      let startingToken = 0;
      for (let pages = 1; ; pages += 1) {
        const timeLeft = remaining(deadlines, clock.now() - startedAtMs);
        if (timeLeft === null) return unanswered('timeout');
        const page = { startingToken, limit: PAGE_SIZE };
        const result = await http.exchange(buildGroupsRequest({ url, credential, page, deadlines: timeLeft, version }));
        const answer = readJson(result, holdsSecret);
        if (answer.kind === 'unanswered') return answer;
        const parsed = pageSchema.safeParse(answer.json);
        if (!parsed.success) return unanswered('other_shape', answer.status);
        for (const entry of parsed.data.groups) {
          const group = groupSchema.safeParse(entry).data;
          if (group !== undefined) names.set(group.id, group.name);
        }
        const next = parsed.data.next_starting_token ?? null;
        if (next === null) return pages > 1 && !isSecond && isMissing() ? await readAgain() : 'whole';
        if (next <= startingToken) return unanswered('other_shape', answer.status);
        bytes += result.kind === 'answered' ? result.body.byteLength : 0;
        if (pages >= MAX_PAGES || bytes >= MAX_BYTES || names.size >= MAX_GROUPS) return 'cut';
        startingToken = next;
      }
    }

    function isMissing(): boolean {
      return [...expected].some((id) => !names.has(id));
    }

    /** Pages are counted by position: a group that was removed meanwhile moves another one between two pages. */
    async function readAgain(): Promise<'whole' | 'cut'> {
      return (await readList(true)) === 'whole' ? 'whole' : 'cut';
    }
  };
}
