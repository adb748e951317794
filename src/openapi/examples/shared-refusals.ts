import { HEADER_LIMIT_BYTES } from '../../lib/http/header-limit.ts';
import type { ExampleExchange, ExampleRequest, OperationId } from './exchange.ts';
import { refusal } from './exchange.ts';

/** The refusals that every operation, or every operation behind a token, can give. */

const METADATA = 'https://invites.example.com/.well-known/oauth-protected-resource';
const CHALLENGE = `Bearer realm="galileo-invites", resource_metadata="${METADATA}"`;

type Refusal = Pick<ExampleExchange, 'name' | 'summary' | 'request' | 'answer'>;

/** Of an operation that everyone may call. */
export function openRefusals(operationId: OperationId, request: ExampleRequest): readonly ExampleExchange[] {
  return [
    ...malformed(request),
    {
      name: 'header_fields_too_large',
      summary: 'A browser with many cookies',
      request: { ...request, also: `A Cookie field of about ${HEADER_LIMIT_BYTES / 1024} KiB.` },
      answer: refusal('header_fields_too_large', {
        detail: `The URL and the header fields have ${HEADER_LIMIT_BYTES + 1000} bytes; at most ${HEADER_LIMIT_BYTES} are accepted. The cookies are the largest part: delete the cookies of this site.`,
      }),
    },
    { name: 'internal_error', summary: 'Something failed here', request, answer: refusal('internal_error') },
  ].map((one) => ({ operationId, ...one }));
}

/** Of an operation that needs one of these scopes. `request` is one that would be answered. */
export function tokenRefusals(
  operationId: OperationId,
  request: ExampleRequest,
  scopes: readonly string[],
): readonly ExampleExchange[] {
  const { Authorization: _, ...withoutToken } = request.headers;
  const own: readonly Refusal[] = [
    {
      name: 'missing_token',
      summary: 'No access token',
      request: { ...request, headers: withoutToken },
      answer: refusal('missing_token', {}, { 'WWW-Authenticate': CHALLENGE }),
    },
    {
      name: 'invalid_token',
      summary: 'An access token that is none',
      request: { ...request, headers: { ...request.headers, Authorization: 'Bearer not.a.token' } },
      answer: refusal(
        'invalid_token',
        {
          detail:
            'The token is not a well-formed signed JWT. Sign in again for a fresh access token. If that does not help, ask the people who run this app.',
        },
        {
          'WWW-Authenticate': `${CHALLENGE}, error="invalid_token", error_description="The token is not a well-formed signed JWT."`,
        },
      ),
    },
    {
      name: 'insufficient_scope',
      summary: 'An access token without the scope',
      request,
      answer: refusal(
        'insufficient_scope',
        {
          detail: `Your access token lacks the permission (scope) ${scopes.join(' or ')}. Ask the people who run this app.`,
        },
        { 'WWW-Authenticate': `${CHALLENGE}, error="insufficient_scope", scope="${scopes.join(' ')}"` },
      ),
    },
    {
      name: 'identity_keys_unavailable',
      summary: 'The identity provider cannot be reached',
      request,
      answer: refusal('identity_keys_unavailable', { retryAfterS: 5 }),
    },
    {
      name: 'overloaded',
      summary: 'Too many requests at once',
      request,
      answer: refusal('overloaded', { retryAfterS: 5 }),
    },
  ];
  return [...openRefusals(operationId, request), ...own.map((one) => ({ operationId, ...one }))];
}

function malformed(request: ExampleRequest): readonly Refusal[] {
  if (request.method === 'GET') {
    const path = request.path.replace(/\?.*|$/, '//');
    return [
      {
        name: 'malformed_request',
        summary: 'A path in another form',
        request: { ...request, path },
        answer: refusal('malformed_request', {
          detail: 'Send the path as /openapi.json writes it: without encoded characters, dot segments, "\\" or "//".',
        }),
      },
    ];
  }
  const { body: _, ...rest } = request;
  return [
    {
      name: 'malformed_request',
      summary: 'A body that is no text',
      request: { ...rest, also: 'A body that is not UTF-8.' },
      answer: refusal('malformed_request', { detail: 'The body is not UTF-8 text. Send the JSON encoded in UTF-8.' }),
    },
  ];
}
