/**
 * GET /v2/invite_requests and /{id}: the state and outcome of requests. A caller with `invites:write` sees its own
 * requests, one with `audit:read` sees all, or its own with `own=true`. The id of another caller's request is a 404, so ids cannot be probed.
 * Owners do not see the exchange with Galileo (attempts, keys), nor the token of a person who settled it. A damaged record
 * is marked and hides nothing else. One request comes with its story: the sentences of `audit show`, bounded. What is read
 * through `audit:read` of other callers' requests is on record.
 */
import type { Context } from 'hono';
import type { Principal } from '../auth/principal.ts';
import { ownerOf } from '../invite/call.ts';
import { tellStory } from '../invite/story/tell-story.ts';
import type { FoundRequest, Owner, RequestEntry } from '../ledger/port.ts';
import { rfc3339 } from '../lib/rfc3339.ts';
import { UUID } from '../lib/uuid.ts';
import type { AppEnv } from '../middleware/app-env.ts';
import { respondProblem } from '../middleware/answers/problem-response.ts';
import { respondJson } from '../middleware/answers/respond.ts';
import { readQuery } from './query.ts';
import { readLedger } from './read-ledger.ts';
import { recordRead } from './record-read.ts';
import type { RecordReadDeps } from './record-read.ts';

const PAGE_SIZE = 100;

export async function findInviteRequest(c: Context<AppEnv>, deps: RecordReadDeps, id: string): Promise<Response> {
  const query = readQuery(c, {});
  if (query.kind === 'refused') return query.response;
  const principal = c.get('principal');
  if (!UUID.test(id)) return respondProblem(c, 'not_found');
  return await readLedger(
    c,
    () => deps.ledger.find(id, readableBy(principal)),
    async (entry) => {
      if (isOfOthers(principal, entry === null ? [] : [entry]))
        await recordRead(c, deps, { what: 'request', records: entry === null ? 0 : 1 });
      return entry === null ? respondProblem(c, 'not_found') : respondJson(c, showFound(entry, principal));
    },
  );
}

/** Newest first, at most `PAGE_SIZE` at a time; `next` is the cursor of the next page, null at the end. */
export async function listInviteRequests(c: Context<AppEnv>, deps: RecordReadDeps): Promise<Response> {
  const query = readQuery(c, {
    before: { pattern: UUID, form: 'before must be the id of a request' },
    own: { pattern: /^(?:true|false)$/, form: 'own must be true or false' },
  });
  if (query.kind === 'refused') return query.response;
  const before = query.values.before ?? null;
  const isOwn = query.values.own === 'true';
  const principal = c.get('principal');
  return await readLedger(
    c,
    () => deps.ledger.list({ owner: isOwn ? ownerOf(principal) : readableBy(principal), before, limit: PAGE_SIZE }),
    async ({ entries, next }) => {
      if (!isOwn && isOfOthers(principal, entries))
        await recordRead(c, deps, { what: 'requests', records: entries.length });
      return respondJson(c, { requests: entries.map((entry) => showEntry(entry, principal)), next });
    },
  );
}

/** The owner whose requests this principal may read; null: all requests. */
function readableBy(principal: Principal): Owner | null {
  return principal.scopes.includes('audit:read') ? null : ownerOf(principal);
}

/**
 * Whether an answer with these entries tells the reader about requests of others. With `audit:read` an empty answer does,
 * too: it says that there are none.
 */
export function isOfOthers(principal: Principal, entries: readonly RequestEntry[]): boolean {
  if (readableBy(principal) !== null) return false;
  const own = ownerOf(principal);
  const isOwn = ({ owner }: RequestEntry): boolean =>
    owner.issuer === own.issuer && owner.clientId === own.clientId && owner.subject === own.subject;
  return entries.length === 0 || !entries.every(isOwn);
}

/** How many addresses a sentence of a story names. `request` has all of them. */
const MAX_ADDRESSES = 10;

/** The request with its story, as this reader may see it. */
export function showFound(found: FoundRequest, reader: Principal): object {
  const sees = reader.scopes.includes('audit:read') ? 'everything' : 'request';
  return {
    ...showEntry(found, reader),
    events: tellStory(found.requestId, found.records, { sees, addresses: MAX_ADDRESSES }).map(
      ({ at, event, message }) => ({ at, event, message }),
    ),
    replays_left_out: found.replaysLeftOut,
  };
}

function showEntry(entry: RequestEntry, reader: Principal): object {
  const { decided, outcome, unreadable } = entry;
  // All records of a request have the same actor, request and policy, so either one can stand in for the other.
  const record = decided ?? outcome;
  return {
    id: entry.requestId,
    ...(record?.trace_id === undefined ? {} : { trace_id: record.trace_id }),
    state: entry.state,
    requested_at: timeOrNull(entry.requestedAt),
    settled_at: timeOrNull(entry.settledAt),
    expires_at: entry.state === 'open' ? timeOrNull(entry.expiresAt) : null,
    actor: record?.actor ?? null,
    request: record?.request ?? null,
    ...(record?.request_sha256 === undefined ? {} : { request_sha256: record.request_sha256 }),
    policy: record?.policy ?? null,
    outcome: showOutcome(entry, reader),
    ...(unreadable.length === 0 ? {} : { unreadable }),
  };
}

/** Null when its record is damaged: the outcome of the decision would say less than `state`. */
function showOutcome({ decided, outcome, unreadable }: RequestEntry, reader: Principal): object | null {
  const record = outcome ?? decided;
  if (record === null || unreadable.includes('outcome')) return null;
  if (reader.scopes.includes('audit:read')) return record.outcome;
  const { attempts: _attempts, settler: _settler, ...shown } = record.outcome;
  return shown;
}

function timeOrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : rfc3339(epochMs);
}
