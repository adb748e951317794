/**
 * Asks Galileo about requests with an unknown outcome, one at a time, and records the evidence. A request becomes
 * accepted only when every address that was sent belongs to a user who was created after the request was recorded.
 * Anything less proves nothing: the request stays unknown, with the evidence on record, until a person settles it.
 * Galileo is only read: no invite is ever sent again. It cannot detect that somebody else created those users in the
 * meantime.
 */
import * as z from 'zod';
import type { RecordDraft, RecordEvidence } from '../../audit/record.ts';
import type { RecordAddress } from '../../audit/record-address.ts';
import type { UnsettledRequest } from '../../ledger/background-steps.ts';
import type { Ledger } from '../../ledger/port.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { AskedUser, AskUsers, UsersAnswer } from '../../upstream/users.ts';
import { recordOutcome } from '../record.ts';
import { resolveUnknown } from './resolve-unknown.ts';

export interface ReconcileDeps {
  readonly ledger: Pick<Ledger, 'unsettled' | 'recordAttempt' | 'settle'>;
  readonly askUsers: AskUsers;
  /** Returns the recorded form of an address. */
  readonly recordAddress: RecordAddress;
  readonly delivery: { wake(): void };
  readonly trustedClock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** True once the process has begun to shut down. Requests that are due then wait for the next start. */
  readonly draining: () => boolean;
}

/** Requests per run. The next run continues a longer queue. */
const BATCH = 25;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/**
 * The wait after the first attempt, after the second, and so on; then there are no more. The ledger schedules the first
 * attempt, a minute after the outcome became unknown.
 */
const NEXT_ATTEMPTS_MS: readonly number[] = [5 * MINUTE_MS, 30 * MINUTE_MS, 6 * HOUR_MS, 24 * HOUR_MS];
/** When Galileo does not answer, the wait is the time since the intent, within these bounds. */
const SHORTEST_WAIT_MS = MINUTE_MS;
const LONGEST_WAIT_MS = HOUR_MS;
/** The most that Galileo's clock may be ahead of ours. */
const CLOCKS_DIFFER_MS = 5 * MINUTE_MS;

/** Handles the requests that are due, once. Resolves with the number that it settled. Rejects when the ledger fails. */
export async function reconcile(deps: ReconcileDeps): Promise<number> {
  let settled = 0;
  for (const request of await deps.ledger.unsettled(BATCH)) {
    if (deps.draining()) break;
    const result = await reconcileOne(deps, request);
    deps.metrics.count('reconciliations', { result });
    if (result === 'accepted') settled += 1;
    if (result === 'accepted' || result === 'unknown') deps.delivery.wake();
    // The next request would get no answer either.
    if (result === 'unanswered') break;
  }
  return settled;
}

type ReadableRequest = UnsettledRequest & { readonly intent: RecordDraft };
export const RECONCILE_RESULTS = ['accepted', 'unknown', 'unanswered', 'impossible', 'settled_meanwhile'] as const;
type ReconcileResult = (typeof RECONCILE_RESULTS)[number];

async function reconcileOne(deps: ReconcileDeps, request: UnsettledRequest): Promise<ReconcileResult> {
  const sent = request.body === null ? null : addressesIn(request.body);
  const { intent } = request;
  if (sent === null || intent === null) return await giveUp(deps, request);
  const answer = await deps.askUsers(sent);
  if (answer.kind === 'unanswered') return await retryLater(deps, request, answer);
  const evidence = gatherEvidence(
    answer.users,
    { after: request.admittedAt, upTo: deps.trustedClock.now() + CLOCKS_DIFFER_MS },
    deps,
  );
  return evidence.created_after === sent.length
    ? await accept(deps, { ...request, intent }, evidence, sent)
    : await recordEvidence(deps, { ...request, intent }, evidence);
}

/**
 * `created_after` counts the users whose creation time is later than the intent. An equal time is not later, and a time
 * in the future does not count.
 */
function gatherEvidence(
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
): Promise<ReconcileResult> {
  const given = new Map(sent.map((email) => [recordAddress(email), email]));
  const resolved = { ending: 'accepted', by: { kind: 'reconciliation', evidence } } as const;
  const settled = await ledger.settle(resolveUnknown({ requestId, intent, given }, resolved));
  if (settled.kind !== 'settled') return 'settled_meanwhile';
  logger.info('request_reconciled', { request_id: requestId, trace_id: intent.trace_id, addresses: sent.length });
  return 'accepted';
}

async function recordEvidence(
  { ledger, logger }: ReconcileDeps,
  { requestId, intent, attempts }: ReadableRequest,
  evidence: RecordEvidence,
): Promise<ReconcileResult> {
  const nextInMs = NEXT_ATTEMPTS_MS[attempts] ?? null;
  const outcome = recordOutcome({ kind: 'still_unknown', evidence }, null);
  await ledger.recordAttempt({ requestId, record: { ...intent, kind: 'reconciliation', outcome }, nextInMs });
  logger.warn('request_still_unknown', {
    request_id: requestId,
    trace_id: intent.trace_id,
    addresses: evidence.users.length,
    created_after: evidence.created_after,
    attempt: attempts + 1,
    next_in_ms: nextInMs,
  });
  return 'unknown';
}

async function retryLater(
  { ledger, logger, trustedClock }: ReconcileDeps,
  { requestId, admittedAt, intent }: UnsettledRequest,
  { reason, status }: Extract<UsersAnswer, { kind: 'unanswered' }>,
): Promise<ReconcileResult> {
  const nextInMs = Math.min(Math.max(trustedClock.now() - admittedAt, SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
  await ledger.recordAttempt({ requestId, record: null, nextInMs });
  logger.warn('reconciliation_unanswered', {
    request_id: requestId,
    trace_id: intent?.trace_id,
    reason,
    status,
    retry_in_ms: nextInMs,
  });
  return 'unanswered';
}

/**
 * Without the sent body there are no addresses to ask for, without the intent no record to write: people must settle
 * it.
 */
async function giveUp(
  { ledger, logger }: ReconcileDeps,
  { requestId, intent }: UnsettledRequest,
): Promise<ReconcileResult> {
  await ledger.recordAttempt({ requestId, record: null, nextInMs: null });
  logger.warn('reconciliation_impossible', { request_id: requestId, trace_id: intent?.trace_id });
  return 'impossible';
}

const bodySchema = z.object({ emails: z.array(z.string()).min(1) });

/** The addresses that were sent, or may have been sent, to Galileo; null when this text is not a request body. */
function addressesIn(body: string): readonly string[] | null {
  try {
    return bodySchema.safeParse(JSON.parse(body)).data?.emails ?? null;
  } catch {
    return null;
  }
}
