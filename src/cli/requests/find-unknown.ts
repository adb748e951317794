/**
 * Finds the requests whose outcome is unknown, newest first: in a ledger, or through the API of a running service with
 * what the access token may see. Reads all pages. Of a damaged request only the id and what can be read is shown.
 */
import * as z from 'zod';
import type { Ledger, RequestEntry } from '../../ledger/port.ts';
import { parseObject } from '../../lib/parse-object.ts';
import { rfc3339 } from '../../lib/rfc3339.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { RemoteService } from '../remote/remote-service.ts';

const PAGE = 100;

/** What is shown of a request; null where it cannot be read. */
export interface UnknownRequest {
  readonly id: string;
  readonly requestedAt: string | null;
  readonly record: {
    readonly actor: { readonly client_id: string; readonly issuer: string };
    readonly request: { readonly emails?: readonly string[] | undefined };
    readonly policy: { readonly decisions: readonly Decided[] };
  } | null;
  readonly reason: string | null;
}

interface Decided {
  readonly decision: string;
  readonly email_count: number;
  readonly emails?: readonly string[] | undefined;
}

export async function findUnknownIn({ list }: Pick<Ledger, 'list'>): Promise<UnknownRequest[]> {
  const found: RequestEntry[] = [];
  let before: string | null = null;
  do {
    const page = await list({ owner: null, before, limit: PAGE });
    found.push(...page.entries.filter(({ state }) => state === 'unknown'));
    before = page.next;
  } while (before !== null);
  return found.map(({ requestId, requestedAt, decided, outcome }) => ({
    id: requestId,
    requestedAt: requestedAt === null ? null : rfc3339(requestedAt),
    record: decided ?? outcome,
    reason: outcome?.outcome.reason ?? null,
  }));
}

const decided = z.object({ decision: z.string(), email_count: z.int(), emails: z.array(z.string()).optional() });
/** The members of GET /v2/invite_requests that are used here. */
const requestPage = z.object({
  requests: z.array(
    z.object({
      id: z.string(),
      state: z.string(),
      requested_at: z.string().nullable(),
      actor: z.object({ client_id: z.string(), issuer: z.string() }).nullable(),
      request: z.object({ emails: z.array(z.string()).optional() }).nullable(),
      policy: z.object({ decisions: z.array(decided) }).nullable(),
      outcome: z.object({ reason: z.string().optional() }).nullable(),
    }),
  ),
  next: z.string().nullable(),
});

export async function findUnknownAt(service: RemoteService): Promise<UnknownRequest[]> {
  const found: UnknownRequest[] = [];
  let before: string | null = null;
  do {
    const query = before === null ? '' : `?before=${encodeURIComponent(before)}`;
    const text = await service.ask({
      method: 'GET',
      path: `/v2/invite_requests${query}`,
      ifUnanswered: 'so the list is not complete.',
    });
    const page = requestPage.safeParse(parseObject(text));
    // A cursor moves to older requests; one that does not would never end.
    if (!page.success || (before !== null && page.data.next !== null && page.data.next >= before))
      throw new CommandError('failed', 'The address does not answer as this service does. Check --url.');
    for (const { id, state, requested_at: requestedAt, actor, request, policy, outcome } of page.data.requests) {
      if (state !== 'unknown') continue;
      const record = actor === null || request === null || policy === null ? null : { actor, request, policy };
      found.push({ id, requestedAt, record, reason: outcome?.reason ?? null });
    }
    before = page.data.next;
  } while (before !== null);
  return found;
}
