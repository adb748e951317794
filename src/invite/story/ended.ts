/**
 * The last sentences of a story: what Galileo was asked and answered, how the request ended, and who settled an unknown
 * outcome. Pure.
 */
import type { RecordAttempt, RecordEvidence, RecordOutcome, RecordSettler, RequestRecord } from '../../audit/record.ts';
import { unitWords } from '../../policy/quota-words.ts';
import { ATTEMPT_RESULTS, reasonWords, SETTLED_BY, withheldWords } from './reasons.ts';
import type { StoryEventName, StoryReader } from './story-event.ts';
import { addressWords, foreign, instantWords, listWords, nameWords, quoted, secondsWords } from './words.ts';

export interface Ended {
  readonly event: StoryEventName;
  readonly message: string;
}

export function attemptWords({ slot, key_fingerprint: key, result, status, reason, duration_ms: ms }: RecordAttempt) {
  const answered = status === undefined ? '' : ` with status ${status}`;
  const why = reason === undefined ? '' : `, because ${reasonWords(reason)}`;
  const asked = `Galileo was asked with the ${slot} key (fingerprint ${foreign(key)})`;
  return `${asked} and ${ATTEMPT_RESULTS[result]}${answered} after ${secondsWords(ms)}${why}.`;
}

export function admittedWords({ expires_at: expiresAt }: RecordOutcome): string {
  const until =
    expiresAt === undefined ? '' : ` Without an outcome it becomes unknown after ${instantWords(expiresAt)}.`;
  return `The request was admitted, and this was on record before anything was sent.${until}`;
}

export function deniedWords({ outcome }: RequestRecord): string {
  const by = outcome.quota === undefined ? 'The request was refused' : `Quota ${foreign(outcome.quota)} refused it`;
  return `${by}: nothing was sent.${answeredWords(outcome)}`;
}

/** The end of an admitted request. Null: this result ends none. */
export function endingWords(outcome: RecordOutcome): Ended | null {
  const { result, upstream_status: upstream, reason, withheld, settled_by: by } = outcome;
  const status = upstream === undefined ? '' : ` (status ${upstream})`;
  const answered = answeredWords(outcome);
  switch (result) {
    case 'accepted': {
      const kept = withheld === undefined ? '' : ` Its answer was withheld, because ${withheldWords(withheld)}.`;
      return { event: 'accepted', message: `Galileo accepted the invitation${status}.${kept}${answered}` };
    }
    case 'refused':
      return { event: 'refused', message: `Galileo refused the invitation${status}.${answered}` };
    case 'not_sent':
      return {
        event: 'not_sent',
        message: `The invitation was not done, because ${reasonWords(reason)}${status}.${answered}`,
      };
    case 'unknown': {
      const recordedBy = by === 'sweep' ? ` It was recorded by ${SETTLED_BY[by]}.` : answered;
      return {
        event: 'became_unknown',
        message: `The outcome was unknown, because ${reasonWords(reason)}${status}: the invitation may or may not have been done.${recordedBy}`,
      };
    }
    case 'admitted':
    case 'denied':
    case 'replayed':
    case 'previewed':
      return null;
    default:
      return result satisfies never;
  }
}

/** The answer to the caller. */
function answeredWords({ status, code }: RecordOutcome): string {
  if (status === undefined) return '';
  return ` The caller was answered with status ${status}${code === undefined ? '' : ` (${code})`}.`;
}

export function evidenceWords({ created_after: after, users }: RecordEvidence, { addresses }: StoryReader): string {
  const found = users
    .slice(0, addresses)
    .map(
      ({ email, created_at: at }) =>
        `${addressWords(email)}: ${at === null ? 'no user' : `created ${instantWords(at)}`}`,
    );
  const total = users.length;
  const proof = after === total ? '' : ' This proves nothing, so the outcome stayed unknown.';
  return (
    `Galileo was asked for its users: ${after} of ${unitWords(total, 'emails')} ${after === 1 ? 'belongs' : 'belong'} to a user ` +
    `that was created after the request${found.length === 0 ? '' : ` (${listWords(found, total)})`}.${proof}`
  );
}

/** Null: the outcome stays unknown. Only an auditor sees the token and the request of the person. */
export function settledWords(
  { result, settled_by: by, person, note, settler }: RecordOutcome,
  { sees }: StoryReader,
): string | null {
  if (result === 'unknown') return null;
  const who =
    person === undefined ? `The outcome was settled as ${result}` : `${nameWords(person)} settled it as ${result}`;
  const how = person === undefined && by !== undefined ? `, by ${SETTLED_BY[by]}` : '';
  const sentence = `${who}${how}${note === undefined ? '' : `: ${quoted(note)}`}.`;
  return settler === undefined || sees !== 'everything' ? sentence : `${sentence} ${settlerWords(settler)}`;
}

function settlerWords({ client_id: client, issuer, address, request_id: id }: RecordSettler): string {
  const from = address === null ? '' : `, from ${foreign(address)}`;
  return `This came over HTTP, with a token of client ${foreign(client)} (issuer ${foreign(issuer)})${from}, as request ${foreign(id)}.`;
}

export function replayedWords({ request_id: id, outcome }: RequestRecord, requestId: string, actor: string): string {
  const { first_request_id: first, status } = outcome;
  const answer = `the stored answer${status === undefined ? '' : ` (status ${status})`}`;
  return id === requestId
    ? `${actor} repeated request ${first ?? 'of another id'} with its Idempotency-Key and got ${answer}. Nothing was sent.`
    : `The request was repeated with its Idempotency-Key, as request ${id}, and got ${answer}. Nothing was sent.`;
}

export function previewedWords(outcome: RecordOutcome): string {
  return `It was a dry run: nothing was sent.${answeredWords(outcome)}`;
}
