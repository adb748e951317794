/**
 * Asks Galileo what became of requests whose outcome is unknown, one at a time, and writes down what it saw. Settles one
 * as accepted only when every address that was sent belongs to a user who was created after the intent; everything less
 * proves nothing and stays unknown, with the evidence on record, for people to settle. Reads only: nothing is ever sent
 * again. What it cannot see: who else might have created those users in the meantime.
 */
import * as z from 'zod';
import type { RecordDraft, RecordEvidence } from '../audit/record.ts';
import type { RecordAddress } from '../audit/record-address.ts';
import type { Ledger, UnsettledRequest } from '../ledger/port.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { AskedUser, AskUsers, UsersAnswer } from '../upstream/users.ts';
import { recordOutcome } from './record.ts';
import { resolveUnknown } from './resolve-unknown.ts';

export interface ReconcileDeps {
  readonly ledger: Pick<Ledger, 'unsettled' | 'recordAttempt' | 'settle'>;
  readonly askUsers: AskUsers;
  /** How an address stands in the trail. */
  readonly recordAddress: RecordAddress;
  readonly delivery: { wake(): void };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** True once the process has begun to shut down: what is due then waits for the next start. */
  readonly draining: () => boolean;
}

/** Of one run; a longer queue goes on with the next. */
const BATCH = 25;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** After the first look (a minute after it became unknown, the ledger's doing), the second, and so on; then no more. */
const NEXT_LOOKS_MS: readonly number[] = [5 * MINUTE_MS, 30 * MINUTE_MS, 6 * HOUR_MS, 24 * HOUR_MS];
/** Where Galileo could not be asked: again after as long as it has been unknown, within these bounds. */
const SHORTEST_WAIT_MS = MINUTE_MS;
const LONGEST_WAIT_MS = HOUR_MS;
/** So far Galileo's clock may be ahead of ours. */
const CLOCKS_DIFFER_MS = 5 * MINUTE_MS;

/** Looks once at what is due; resolves with how many requests were settled. Rejects when the ledger fails. */
export async function reconcile(deps: ReconcileDeps): Promise<number> {
  let settled = 0;
  for (const request of await deps.ledger.unsettled(BATCH)) {
    if (deps.draining()) break;
    const seen = await lookAt(deps, request);
    deps.metrics.count('reconciliations', { result: seen });
    if (seen === 'accepted') settled += 1;
    if (seen === 'accepted' || seen === 'unknown') deps.delivery.wake();
    // Whoever is due next would hear the same.
    if (seen === 'unanswered') break;
  }
  return settled;
}

type ReadableRequest = UnsettledRequest & { readonly intent: RecordDraft };
type Seen = 'accepted' | 'unknown' | 'unanswered' | 'impossible' | 'settled_meanwhile';

async function lookAt(deps: ReconcileDeps, request: UnsettledRequest): Promise<Seen> {
  const sent = request.body === null ? null : addressesIn(request.body);
  const { intent } = request;
  if (sent === null || intent === null) return await giveUp(deps, request);
  const answer = await deps.askUsers(sent);
  if (answer.kind === 'unanswered') return await waitLonger(deps, request, answer);
  const evidence = weigh(answer.users, { after: request.admittedAt, upTo: deps.clock.now() + CLOCKS_DIFFER_MS }, deps);
  return evidence.created_after === sent.length
    ? await accept(deps, { ...request, intent }, evidence, sent)
    : await lookLater(deps, { ...request, intent }, evidence);
}

/**
 * `created_after` counts users of whom Galileo says a time later than the intent's; equal is not later, and a time that has
 * not come is none.
 */
function weigh(
  users: readonly AskedUser[],
  { after, upTo }: { readonly after: number; readonly upTo: number },
  { recordAddress }: Pick<ReconcileDeps, 'recordAddress'>,
): RecordEvidence {
  const counts = (createdAt: string): boolean => Date.parse(createdAt) > after && Date.parse(createdAt) <= upTo;
  return {
    created_after: users.filter(({ createdAt }) => createdAt !== null && counts(createdAt)).length,
    users: users.map(({ email, createdAt }) => ({ email: recordAddress(email), created_at: createdAt })),
  };
}

async function accept(
  { ledger, logger, recordAddress }: ReconcileDeps,
  { requestId, intent }: ReadableRequest,
  evidence: RecordEvidence,
  sent: readonly string[],
): Promise<Seen> {
  const given = new Map(sent.map((email) => [recordAddress(email), email]));
  const resolved = { ending: 'accepted', by: { kind: 'reconciliation', evidence } } as const;
  const settled = await ledger.settle(resolveUnknown({ requestId, intent, given }, resolved));
  if (settled.kind !== 'settled') return 'settled_meanwhile';
  logger.info('request_reconciled', { request_id: requestId, addresses: sent.length });
  return 'accepted';
}

async function lookLater(
  { ledger, logger }: ReconcileDeps,
  { requestId, intent, attempts }: ReadableRequest,
  evidence: RecordEvidence,
): Promise<Seen> {
  const nextInMs = NEXT_LOOKS_MS[attempts] ?? null;
  const outcome = recordOutcome({ kind: 'looked', evidence }, null);
  await ledger.recordAttempt({ requestId, record: { ...intent, kind: 'reconciliation', outcome }, nextInMs });
  logger.warn('request_still_unknown', {
    request_id: requestId,
    addresses: evidence.users.length,
    created_after: evidence.created_after,
    recordAttempt: attempts + 1,
    next_in_ms: nextInMs,
  });
  return 'unknown';
}

async function waitLonger(
  { ledger, logger, clock }: ReconcileDeps,
  { requestId, admittedAt }: UnsettledRequest,
  { reason, status }: Extract<UsersAnswer, { kind: 'unanswered' }>,
): Promise<Seen> {
  const nextInMs = Math.min(Math.max(clock.now() - admittedAt, SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
  await ledger.recordAttempt({ requestId, record: null, nextInMs });
  logger.warn('reconciliation_unanswered', { request_id: requestId, reason, status, retry_in_ms: nextInMs });
  return 'unanswered';
}

/** Without the bytes that went there is nothing to ask by, without the intent nothing to write down: left to people. */
async function giveUp({ ledger, logger }: ReconcileDeps, { requestId }: UnsettledRequest): Promise<Seen> {
  await ledger.recordAttempt({ requestId, record: null, nextInMs: null });
  logger.warn('reconciliation_impossible', { request_id: requestId });
  return 'impossible';
}

const bodySchema = z.object({ emails: z.array(z.string()).min(1) });

/** The addresses that went, or may have gone, to Galileo; null when this is no body of ours. */
function addressesIn(body: string): readonly string[] | null {
  try {
    return bodySchema.safeParse(JSON.parse(body)).data?.emails ?? null;
  } catch {
    return null;
  }
}
