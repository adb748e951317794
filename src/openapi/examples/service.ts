import type { ExampleExchange } from './exchange.ts';
import { answer, emptyAnswer, get, refusal } from './exchange.ts';
import { DOCUMENT_DIGEST } from './ids.ts';
import { openRefusals } from './shared-refusals.ts';

/** Examples of what everyone may ask about the service itself. */
const OPENAPI = get('/openapi.json', {});
const METADATA = get('/.well-known/oauth-protected-resource', {});
const LIVE = get('/livez', {});
const READY = get('/readyz', {});
const CACHED = { 'Cache-Control': 'public, max-age=300', ETag: `"${DOCUMENT_DIGEST}"` };
const overloaded = refusal('overloaded', { retryAfterS: 5 });

export const SERVICE: readonly ExampleExchange[] = [
  {
    operationId: 'getOpenApi',
    name: 'known',
    summary: 'You have this version',
    request: get('/openapi.json', { 'If-None-Match': '*' }),
    answer: emptyAnswer(304, CACHED),
  },
  ...openRefusals('getOpenApi', OPENAPI),
  {
    operationId: 'getOpenApi',
    name: 'overloaded',
    summary: 'Too many requests at once',
    request: OPENAPI,
    answer: overloaded,
  },
  {
    operationId: 'getLiveness',
    name: 'live',
    summary: 'It is alive',
    request: LIVE,
    answer: answer(200, { status: 'live' }),
  },
  ...openRefusals('getLiveness', LIVE),
  {
    operationId: 'getReadiness',
    name: 'ready',
    summary: 'It takes requests',
    request: READY,
    answer: answer(200, { status: 'ready' }),
  },
  {
    operationId: 'getReadiness',
    name: 'not_ready',
    summary: 'It is shutting down',
    request: READY,
    answer: answer(503, { status: 'not_ready' }),
  },
  ...openRefusals('getReadiness', READY),
  {
    operationId: 'getProtectedResource',
    name: 'metadata',
    summary: 'One issuer',
    request: METADATA,
    answer: answer(
      200,
      {
        resource: 'https://invites.example.com',
        authorization_servers: ['https://id.example.com'],
        scopes_supported: ['invites:write', 'invites:settle', 'audit:read'],
        bearer_methods_supported: ['header'],
      },
      CACHED,
    ),
  },
  {
    operationId: 'getProtectedResource',
    name: 'known',
    summary: 'You have this version',
    request: get('/.well-known/oauth-protected-resource', { 'If-None-Match': '*' }),
    answer: emptyAnswer(304, CACHED),
  },
  ...openRefusals('getProtectedResource', METADATA),
  {
    operationId: 'getProtectedResource',
    name: 'overloaded',
    summary: 'Too many requests at once',
    request: METADATA,
    answer: overloaded,
  },
];
