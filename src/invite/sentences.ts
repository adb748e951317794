/**
 * The `detail` of an answer where the facts of the request make it more exact than the row of the problem code. Each is a
 * text that can be shown to people as it is. Pure.
 */
import { whenAgain } from '../contract/problem.ts';
import type { MalformedEntry } from '../contract/read-invite.ts';
import { windowWords } from '../lib/text/duration-words.ts';
import type { AddressDecision, Decision } from '../policy/decision.ts';
import { counted, limitWords, unitWords } from '../policy/quota-words.ts';
import type { Unknown } from '../upstream/failure.ts';
import type { Exhausted } from './outcome.ts';

/** A longer list is no sentence. `decisions` has all of them. */
const MAX_SHOWN = 3;

/** Which addresses were refused, and why. */
export function deniedSentence({ addresses, refusedBy }: Decision, malformed: readonly MalformedEntry[]): string {
  const refused = addresses.filter(({ decision }) => decision === 'deny');
  const shared = sharedWords(refused);
  const total = addresses.length + malformed.length;
  if (shared !== null && (refusedBy === 'quota' || refused.length > 1) && refused.length === total)
    return `Nothing was sent: ${shared}`;
  return refusedSentence([...refused, ...malformed], total);
}

/** Which quota refused, how much of it is left, and how much was asked for. */
export function exhaustedSentence({ quota, asked, per, retryAfterS, addresses }: Exhausted): string {
  const refused = addresses.filter(({ decision }) => decision === 'deny');
  if (!quota.visible && refused.length > 0) {
    // The answer ends with the same words.
    const when = ` ${whenAgain(retryAfterS)}`;
    return refusedSentence(
      refused.map(({ message }) => ({ message: message.endsWith(when) ? message.slice(0, -when.length) : message })),
      addresses.length,
    );
  }
  const { unit, limit, windowMs, remaining } = quota;
  if (per === null) return `Nothing was decided: all ${limit} dry runs in ${windowWords(windowMs)} are used up.`;
  const whole = `${limitWords({ unit, limit, windowMs, per })}, quota ${quota.quota}`;
  return remaining === 0
    ? `Nothing was sent: the limit is used up (${whole}).`
    : `Nothing was sent: the request has ${unitWords(asked, unit)}, and ${remaining} ${remaining === 1 ? 'is' : 'are'} left of the limit (${whole}).`;
}

/** What is known when Galileo did not say what became of the invitation. */
export function unknownSentence({ reason, upstreamStatus }: Pick<Unknown, 'reason' | 'upstreamStatus'>): string {
  const status = upstreamStatus === null ? '' : ` (status ${upstreamStatus})`;
  return `${UNKNOWN_WORDS[reason](status)} ${UNKNOWN_ADVICE}`;
}

const UNKNOWN_ADVICE =
  'The invitation may or may not have been done. Do not send it again before you know what became of request {request_id}.';

const UNKNOWN_WORDS: Readonly<Record<Unknown['reason'], (status: string) => string>> = {
  timeout: () => 'Galileo did not answer in time.',
  connection_lost: () => 'The connection to Galileo broke before its answer came.',
  protocol_error: () => "Galileo's answer could not be read.",
  response_too_large: () => "Galileo's answer was too large to be read.",
  redirect: (status) => `Galileo answered with a redirect${status}, which is not followed.`,
  request_timeout: (status) => `Galileo gave up on the request${status}.`,
  server_error: (status) => `Galileo answered with an error${status}.`,
  unusable_response: (status) => `Galileo's answer could not be understood${status}.`,
  interrupted: () => 'Sending was interrupted before the answer of Galileo came.',
  expired: () => 'This service stopped before the answer of Galileo was on record.',
  unrecorded: () => 'The outcome could not be put on record.',
};

function refusedSentence(refused: readonly { readonly message: string }[], total: number): string {
  const shown = refused.slice(0, MAX_SHOWN).map(({ message }) => message);
  if (total === 1) return ['Nothing was sent.', ...shown].join(' ');
  const more = refused.length - shown.length;
  const count = `${refused.length} of ${counted(total, 'address', 'addresses')}`;
  return [
    `Nothing was sent: ${count} ${refused.length === 1 ? 'was' : 'were'} refused.`,
    ...shown,
    ...(more > 0 ? [`And ${more} more.`] : []),
  ].join(' ');
}

/** The words behind the addresses when they are the same for all; else null. */
function sharedWords(refused: readonly AddressDecision[]): string | null {
  const words = new Set(refused.map(({ email, message }) => message.slice(email.length + 2)));
  const [only] = words;
  return words.size === 1 && only !== undefined ? only : null;
}
