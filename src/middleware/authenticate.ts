/**
 * Verifies the caller's token and passes on callers that have one of the scopes the route accepts. A key set that
 * cannot be fetched is answered 503, never 401: the token may be valid. So is a key that was first named after the last
 * fetch. The defect of a refused token is logged as a reason and answered as a sentence; neither contains any part of
 * the token.
 */
import type { Context } from 'hono';
import { challenge } from '../auth/token/bearer.ts';
import type { ChallengeOccasion } from '../auth/token/bearer.ts';
import { readCredentials, TOKEN_FIELDS } from '../auth/token/credentials.ts';
import { describeFailure, UNSEEN_KEY } from '../auth/failure.ts';
import { PROBLEMS } from '../contract/problem.ts';
import type { Principal, Scope } from '../auth/principal.ts';
import type { TokenVerifier, VerifyResult } from '../auth/verify.ts';
import type { LogFields, Logger } from '../ports/logger.ts';
import type { AppEnv } from './app-env.ts';
import type { Step } from './in-order.ts';
import { respondProblem } from './answers/problem-response.ts';
import { addField } from './answers/respond.ts';

export interface AuthenticateOptions {
  readonly verifier: TokenVerifier;
  readonly logger: Logger;
  /** The URL of the RFC 9728 document; null when there is none. */
  readonly resourceMetadataUrl: string | null;
}

type WithoutKeys = Extract<VerifyResult, { kind: 'unavailable' }>;

/** The returned function creates the step for routes that accept any one of these scopes. */
export function authenticate({ verifier, logger, resourceMetadataUrl }: AuthenticateOptions) {
  const refuse = (
    c: Context<AppEnv>,
    code: 'missing_token' | 'invalid_token' | 'insufficient_scope',
    occasion: ChallengeOccasion,
    detail?: string,
  ) =>
    respondProblem(c, code, {
      ...('description' in occasion ? { detail: `${occasion.description} ${PROBLEMS[code].advice}` } : {}),
      ...('scope' in occasion ? { detail: scopeSentence(occasion.scope) } : {}),
      ...(detail === undefined ? {} : { detail }),
      headers: { 'WWW-Authenticate': challenge(occasion, resourceMetadataUrl) },
    });

  const keysUnavailable = (c: Context<AppEnv>, { issuer, reason, retryAfterMs }: WithoutKeys) => {
    const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
    logger.info('token_undecided', { ...idsInLog(c), reason, issuer, retry_after_s: seconds });
    return respondProblem(c, 'identity_keys_unavailable', {
      ...(reason === 'key_not_seen_yet' ? { detail: UNSEEN_KEY } : {}),
      retryAfterS: seconds,
    });
  };

  return function authenticateFor(...scopes: readonly Scope[]): Step {
    const covers = (principal: Principal): boolean => scopes.some((scope) => principal.scopes.includes(scope));
    return async function authenticate(c) {
      const credentials = readCredentials((name) => c.req.header(name), verifier.fields);
      if (credentials.kind === 'missing') return refuse(c, 'missing_token', { kind: 'missing' });
      // RFC 6750 §3.1: no error code for an unsupported method, so the challenge is that of a missing token.
      if (credentials.kind === 'without_scheme') return refuse(c, 'missing_token', { kind: 'missing' }, WITHOUT_BEARER);
      if (credentials.kind === 'two_tokens') {
        return respondProblem(c, 'malformed_request', {
          detail: 'Two tokens came, in Authorization and in Cf-Access-Jwt-Assertion. Send one of them.',
        });
      }
      if (credentials.kind === 'malformed') {
        return refuse(c, 'invalid_token', {
          kind: 'invalid_token',
          description: 'The Authorization field holds no single bearer token.',
        });
      }
      const { token, arrival } = credentials;
      // A browser shows a page the answer to a request with cookies only with this field and an allowed origin.
      if (TOKEN_FIELDS[arrival.field].ambient) addField(c, 'Access-Control-Allow-Credentials', 'true');
      const result = await verifier.verify(token, arrival);
      switch (result.kind) {
        case 'unavailable':
          return keysUnavailable(c, result);
        case 'refused': {
          const { reason, issuer, nearest } = result.failure;
          const near = nearest === undefined ? {} : { nearest_issuer: nearest.issuer, differs_in: nearest.differsIn };
          logger.info('token_refused', { ...idsInLog(c), reason, issuer, ...near });
          return refuse(c, 'invalid_token', { kind: 'invalid_token', description: describeFailure(result.failure) });
        }
        case 'verified':
          if (!covers(result.principal)) {
            return refuse(c, 'insufficient_scope', { kind: 'insufficient_scope', scope: scopes.join(' ') });
          }
          c.set('principal', result.principal);
          return undefined;
        default:
          return result satisfies never;
      }
    };
  };
}

function idsInLog(c: Context<AppEnv>): LogFields {
  return { request_id: c.get('requestId'), trace_id: c.get('traceId') };
}

const WITHOUT_BEARER =
  'The Authorization field came without the word Bearer before the token. Send it as Authorization: Bearer <token>.';

function scopeSentence(scopes: string): string {
  return `Your access token lacks the permission (scope) ${scopes.replaceAll(' ', ' or ')}. Ask the people who run this app.`;
}
