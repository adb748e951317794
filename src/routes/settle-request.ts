/**
 * POST /v2/invite_requests/{id}/settlement: a person who has looked it up in Galileo settles an unknown outcome. Who it
 * is comes from the verified token alone. The scope alone decides who may: a settler usually settles other callers'
 * requests. Answers with the request as GET /v2/invite_requests/{id} shows it; the same settlement again gets the same
 * answer, and with `audit:read` that is a read like any other.
 */
import type { Context } from 'hono';
import type { SettlementRequest } from '../contract/settlement.ts';
import type { Deps } from '../deps.ts';
import { actorInRecord } from '../invite/record.ts';
import { redactCallerText } from '../invite/redact-caller-text.ts';
import type { SettledAsPerson } from '../invite/settle/settle-as-person.ts';
import { settleAsPerson } from '../invite/settle/settle-as-person.ts';
import type { FoundRequest, RequestState } from '../ledger/port.ts';
import { UUID } from '../lib/uuid.ts';
import type { AppEnv } from '../middleware/app-env.ts';
import { respondProblem } from '../middleware/answers/problem-response.ts';
import { respondJson } from '../middleware/answers/respond.ts';
import { respondInvalid } from '../middleware/validation/validate-invite.ts';
import { isOfOthers, showFound } from './invite-requests.ts';
import { recordRead } from './record-read.ts';
import type { RecordReadDeps } from './record-read.ts';

type SettleDeps = RecordReadDeps & Pick<Deps, 'credentials' | 'recordAddress' | 'delivery' | 'trustedClock'>;

const LEDGER_RETRY_AFTER_S = 5;

export async function settleRequest(
  c: Context<AppEnv>,
  deps: SettleDeps,
  { outcome: ending, note }: SettlementRequest,
): Promise<Response> {
  const requestId = c.req.param('id')?.toLowerCase() ?? '';
  if (!UUID.test(requestId)) return respondProblem(c, 'not_found');
  const holdsKey = await deps.credentials.secretSearch();
  if (holdsKey === null) return notWritten(c, 'Nothing was changed, because the note cannot be checked right now.');
  if (holdsKey(note)) return respondInvalid(c, [NOTE_HOLDS_KEY]);
  const { principal, source } = await redactCallerText(
    { principal: c.get('principal'), source: c.get('source') },
    deps,
  );
  const settler = { ...actorInRecord(principal), request_id: c.get('requestId'), address: source.address };
  const settled = await settleAndFind(deps, { requestId, ending, person: principal.subject, note, settler });
  if (settled === null) return notWritten(c);
  const { result, entry } = settled;
  switch (result.kind) {
    case 'not_found':
      return respondProblem(c, 'not_found');
    case 'unreadable':
      return respondProblem(c, 'internal_error', { detail: UNREADABLE, headers: contentLocation(requestId) });
    case 'not_unknown':
      return respondNotUnknown(c, requestId, result, deps.trustedClock.now());
    case 'settled': {
      if (result.when === 'now') {
        deps.logger.info('request_settled_by_person', {
          request_id: c.get('requestId'),
          trace_id: c.get('traceId'),
          settled_request_id: requestId,
          ending,
        });
        deps.delivery.wake();
      } else if (entry !== null && isOfOthers(c.get('principal'), [entry])) {
        await recordRead(c, deps, { what: 'request', records: 1 });
      }
      return entry === null ? respondProblem(c, 'not_found') : respondJson(c, showFound(entry, c.get('principal')));
    }
    default:
      return result satisfies never;
  }
}

const NOTE_HOLDS_KEY = {
  type: 'value_error',
  loc: ['body', 'note'],
  msg: 'Value error, note holds a key of this service; it must not go on record',
} as const;

const UNREADABLE =
  'Nothing was changed: the records of this request cannot be read, so there is nothing to settle. The operators have a log line about it.';

interface Settled {
  readonly result: SettledAsPerson;
  /** Of a settled request: what became of it. */
  readonly entry: FoundRequest | null;
}

/** Null when the ledger fails. */
async function settleAndFind(
  { ledger }: Pick<SettleDeps, 'ledger'>,
  settlement: Parameters<typeof settleAsPerson>[1],
): Promise<Settled | null> {
  try {
    const result = await settleAsPerson(ledger, settlement);
    return { result, entry: result.kind === 'settled' ? await ledger.find(settlement.requestId, null) : null };
  } catch {
    return null;
  }
}

function notWritten(
  c: Context<AppEnv>,
  detail = 'The settlement could not be put on record. The same request again does no harm.',
): Response {
  return respondProblem(c, 'ledger_unavailable', { detail, retryAfterS: LEDGER_RETRY_AFTER_S });
}

function contentLocation(requestId: string): Record<string, string> {
  return { 'Content-Location': `/v2/invite_requests/${requestId}` };
}

function respondNotUnknown(
  c: Context<AppEnv>,
  requestId: string,
  { state, expiresAt }: Extract<SettledAsPerson, { kind: 'not_unknown' }>,
  now: number,
): Response {
  const headers = contentLocation(requestId);
  const detail = `Nothing was changed: request ${requestId} ${STATE_WORDS[state]}. Only an unknown outcome can be settled.`;
  if (state === 'open') {
    const retryAfterS = Math.max(1, Math.ceil(((expiresAt ?? now) - now) / 1000));
    return respondProblem(c, 'still_open', { detail, retryAfterS, headers });
  }
  const outcome = state === 'denied' ? {} : { outcome: state };
  return respondProblem(c, 'already_settled', { detail, headers, ...outcome });
}

/** The second half of a sentence about a request in this state. */
const STATE_WORDS = {
  open: 'is open. It has not ended yet, and becomes unknown by itself when its time is over',
  accepted: 'is accepted already',
  refused: 'is refused already',
  not_sent: 'is not_sent: nothing went to Galileo',
  denied: 'is denied: the policy or a quota refused it, and nothing went to Galileo',
  // Its state changed while it was looked at.
  unknown: 'changed in between',
} as const satisfies Record<RequestState, string>;
