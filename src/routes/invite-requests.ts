/**
 * GET /v2/invite_requests and /{id}: the state and outcome of requests. A caller with `invites:write` sees its own
 * requests, one with `audit:read` sees all. The id of another caller's request is a 404, so ids cannot be probed.
 * Owners do not see the exchange with Galileo (attempts, keys), nor the token of a person who settled it. A damaged record is marked and hides nothing else.
 */
import type { Context } from 'hono';
import type { Principal } from '../auth/principal.ts';
import { ownerOf } from '../invite/call.ts';
import type { Ledger, Owner, RequestEntry } from '../ledger/port.ts';
import { rfc3339 } from '../lib/rfc3339.ts';
import { UUID } from '../lib/uuid.ts';
import type { AppEnv } from '../middleware/app-env.ts';
import { respondProblem } from '../middleware/problem-response.ts';
import { readQuery } from './query.ts';
import { readLedger } from './read-ledger.ts';

const PAGE_SIZE = 100;

export async function findInviteRequest(
  c: Context<AppEnv>,
  ledger: Pick<Ledger, 'find'>,
  id: string,
): Promise<Response> {
  const query = readQuery(c, {});
  if (query.kind === 'refused') return query.response;
  const principal = c.get('principal');
  if (!UUID.test(id)) return respondProblem(c, 'not_found');
  return await readLedger(
    c,
    () => ledger.find(id, readableBy(principal)),
    (entry) => (entry === null ? respondProblem(c, 'not_found') : c.json(showEntry(entry, principal))),
  );
}

/** Newest first, at most `PAGE_SIZE` at a time; `next` is the cursor of the next page, null at the end. */
export async function listInviteRequests(c: Context<AppEnv>, ledger: Pick<Ledger, 'list'>): Promise<Response> {
  const query = readQuery(c, { before: { pattern: UUID, form: 'before must be the id of a request' } });
  if (query.kind === 'refused') return query.response;
  const before = query.values.before ?? null;
  const principal = c.get('principal');
  return await readLedger(
    c,
    () => ledger.list({ owner: readableBy(principal), before, limit: PAGE_SIZE }),
    ({ entries, next }) => c.json({ requests: entries.map((entry) => showEntry(entry, principal)), next }),
  );
}

/** The owner whose requests this principal may read; null: all requests. */
function readableBy(principal: Principal): Owner | null {
  return principal.scopes.includes('audit:read') ? null : ownerOf(principal);
}

/** The request as this reader may see it. */
export function showEntry(entry: RequestEntry, reader: Principal): object {
  const { decided, outcome, unreadable } = entry;
  // All records of a request have the same actor, request and policy, so either one can stand in for the other.
  const record = decided ?? outcome;
  return {
    id: entry.requestId,
    state: entry.state,
    requested_at: timeOrNull(entry.admittedAt),
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
