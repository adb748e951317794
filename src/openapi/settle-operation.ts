import type { JsonSchema } from './json-schema.ts';
import { schemaRef } from './json-schema.ts';
import { json, needs, parameter, WITH_TOKEN } from './operation.ts';
import { refusals, success } from './responses.ts';
import { INVITE_ID } from './examples/ids.ts';

/** The operation in /openapi.json by which a person settles an unknown outcome. */
export function settleInviteRequest(): JsonSchema {
  return {
    operationId: 'settleInviteRequest',
    tags: ['invites'],
    summary: 'Settle an unknown outcome',
    description:
      "For people who have looked it up in Galileo: says how a request with state `unknown` ended, any caller's. It goes on record with who says so (from the token, which must be of a person) and why. From then on its Idempotency-Key replays the settled answer, and with `refused` its addresses go back to their quotas. Nothing is sent. The same settlement again, by the same person with the same words, gets the same answer.",
    security: needs('invites:settle'),
    parameters: [
      {
        ...parameter('path', 'id', { type: 'string', format: 'uuid' }, 'The X-Request-Id of the request.'),
        example: INVITE_ID,
      },
    ],
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: schemaRef('Settlement'),
        },
      },
    },
    responses: {
      '200': success('It is settled: the request and its outcome.', json(schemaRef('InviteRequest'))),
      ...refusals(
        [
          ...WITH_TOKEN,
          'person_required',
          'not_found',
          'request_timeout',
          'already_settled',
          'still_open',
          'body_too_large',
          'unsupported_media_type',
          'ledger_unavailable',
        ],
        { hasInput: true },
      ),
    },
  };
}
