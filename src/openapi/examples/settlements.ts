import type { ExampleAnswer, ExampleExchange, ExampleRequest } from './exchange.ts';
import { answer, invalid, post, refusal } from './exchange.ts';
import { INVITE_ID } from './ids.ts';
import { tokenRefusals } from './shared-refusals.ts';
import { ACCEPTED_BY_PERSON, REFUSED_BY_PERSON } from './told-requests.ts';

/** Examples of a person settling an unknown outcome. */
const PATH = `/v2/invite_requests/${INVITE_ID}/settlement`;
const ACCEPTED = { outcome: 'accepted', note: 'listed in Galileo since 10:02' };
const REFUSED = { outcome: 'refused', note: 'not there after a day' };

const one = post(PATH, ACCEPTED);
const { body: _, ...withoutBody } = one;
const PLACE = { 'Content-Location': `/v2/invite_requests/${INVITE_ID}` };

export const SETTLEMENTS: readonly ExampleExchange[] = [
  exchange('accepted', 'Galileo has the people', one, answer(200, ACCEPTED_BY_PERSON)),
  exchange(
    'refused',
    'It does not; inviting them again is a new request',
    post(PATH, REFUSED),
    answer(200, REFUSED_BY_PERSON),
  ),
  ...tokenRefusals('settleInviteRequest', one, ['invites:settle']),
  exchange('person_required', 'A token of an app', one, refusal('person_required')),
  exchange('not_found', 'No such request', one, refusal('not_found')),
  exchange(
    'request_timeout',
    'A body that does not arrive',
    { ...withoutBody, also: 'A body that does not end.' },
    refusal('request_timeout'),
  ),
  exchange(
    'already_settled',
    'Its outcome is known',
    one,
    refusal(
      'already_settled',
      {
        outcome: 'accepted',
        detail: `Nothing was changed: request ${INVITE_ID} is accepted already. Only an unknown outcome can be settled.`,
      },
      PLACE,
    ),
  ),
  exchange(
    'still_open',
    'It is under way',
    one,
    refusal(
      'still_open',
      {
        detail: `Nothing was changed: request ${INVITE_ID} is open. It has not ended yet, and becomes unknown by itself when its time is over. Only an unknown outcome can be settled.`,
        retryAfterS: 45,
      },
      PLACE,
    ),
  ),
  exchange(
    'body_too_large',
    'A body of more than 64 KiB',
    { ...withoutBody, also: 'A body of 65537 bytes.' },
    refusal('body_too_large'),
  ),
  exchange(
    'unsupported_media_type',
    'A body that is not declared as JSON',
    post(PATH, ACCEPTED, { 'Content-Type': 'text/plain' }),
    refusal('unsupported_media_type', { detail: 'The body came as text/plain. Send Content-Type: application/json.' }),
  ),
  exchange(
    'invalid_request',
    'An outcome that there is not, and no note',
    post(PATH, { outcome: 'done' }),
    invalid(
      { type: 'enum', loc: ['body', 'outcome'], msg: "Input should be 'accepted' or 'refused'" },
      { type: 'missing', loc: ['body', 'note'], msg: 'Field required' },
    ),
  ),
  exchange(
    'ledger_unavailable',
    'It cannot be put on record',
    one,
    refusal('ledger_unavailable', {
      detail: 'The settlement could not be put on record. The same request again does no harm.',
      retryAfterS: 5,
    }),
  ),
];

function exchange(name: string, summary: string, request: ExampleRequest, answered: ExampleAnswer): ExampleExchange {
  return { operationId: 'settleInviteRequest', name, summary, request, answer: answered };
}
