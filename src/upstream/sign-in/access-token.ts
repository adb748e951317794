import * as z from 'zod';
import { answerDate } from '../../lib/http/answer-date.ts';
import { retryAfterSeconds } from '../../lib/http/retry-after.ts';
import { parseObject } from '../../lib/parse-object.ts';
import { Secret } from '../../lib/secret.ts';
import { decodeUtf8 } from '../../lib/text/utf8.ts';
import { REFUSED_FOR_MS } from '../../ledger/sign-in-hold.ts';
import type { SignInEnd } from '../../ledger/sign-in-hold.ts';
import type { HttpResult } from '../../ports/http.ts';
import type { NotSent } from '../failure.ts';
import { isWrongAddress } from '../wrong-address.ts';

/**
 * Reads Galileo's answer to a login: a token and how long it is valid, or why there is none and when the next login may
 * be tried. Pure. The token's claims are not verified: only Galileo can, and they only say when to renew it.
 */
export type LoginAnswer =
  | {
      readonly kind: 'token';
      readonly token: Secret;
      /** The part of the token that is secret, for searches: all JWTs of an issuer begin with the same header. */
      readonly searched: Secret;
      readonly lifetimeMs: number;
    }
  | {
      readonly kind: 'refused' | 'failed';
      /** For the log. */
      readonly reason: string;
      /** How requests end that waited for the token. */
      readonly ending: NotSent['reason'];
      readonly status: number | null;
      readonly hold: SignInEnd['hold'];
    };

/** Galileo's tokens are valid for a day where they do not say it themselves. */
const DEFAULT_LIFETIME_MS = 24 * 60 * 60_000;
/** Of a token that is over already by this machine's clock, which may be wrong. */
const SHORTEST_LIFETIME_MS = 60_000;
const RESTART_MS = 10_000;
const UNANSWERED_MS = 60_000;

const loginSchema = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]{16,8192}$/),
  token_type: z
    .string()
    .regex(/^bearer$/i)
    .nullish(),
  /** Seconds (RFC 6749 §5.1). */
  expires_in: z.number().positive().optional().catch(undefined),
});
/** How servers word an error (RFC 6749 §5.2, and Galileo's own shapes), also those that answer it with a 200. */
const ERROR_MEMBERS = ['error', 'detail', 'standard_error'];
const claimsSchema = z.object({ exp: z.number().positive(), iat: z.number().positive().optional().catch(undefined) });

/** Wrong address, egress proxy, too late, wrong server, too old a protocol, too many. */
const SAYS_NOTHING_OF_THE_PASSWORD: ReadonlySet<number> = new Set([404, 405, 407, 408, 421, 426, 429]);

/** `nowMs`: the machine's clock. */
export function readLogin(result: HttpResult, nowMs: number): LoginAnswer {
  // No byte left, so no attempt was counted.
  if (result.kind === 'not_sent') {
    const { reason } = result;
    return { kind: 'failed', reason, ending: reason, status: null, hold: null };
  }
  if (result.kind === 'maybe_sent') {
    const { reason, status } = result;
    // The rest of the answer did not come, or was too long. It was an attempt all the same, and it was not accepted.
    if (status !== null && status >= 400 && status <= 499 && !SAYS_NOTHING_OF_THE_PASSWORD.has(status))
      return refused(status);
    return failed(reason, status, UNANSWERED_MS);
  }
  const { status } = result;
  if (status >= 200 && status <= 299) return readSuccess(result, nowMs);
  if (status >= 500) return failed('server_error', status, RESTART_MS);
  if (status < 200 || status <= 399) return failed('redirect', status, UNANSWERED_MS);
  if (isWrongAddress(result)) return failed('wrong_address', status, UNANSWERED_MS, 'wrong_address');
  if (status === 429) {
    const seconds = retryAfterSeconds(result.headers['retry-after'], nowMs) ?? 0;
    return failed('rate_limited', status, Math.max(UNANSWERED_MS, seconds * 1000), 'rate_limited');
  }
  if (status === 407) return failed('egress_refused', status, UNANSWERED_MS, 'egress_refused');
  if (status === 408) return failed('request_timeout', status, UNANSWERED_MS);
  return refused(status);
}

function refused(status: number): LoginAnswer {
  const hold = { reason: 'refused', forMs: REFUSED_FOR_MS } as const;
  return { kind: 'refused', reason: 'refused', ending: 'sign_in_refused', status, hold };
}

function failed(
  reason: string,
  status: number | null,
  forMs: number,
  ending: NotSent['reason'] = 'sign_in_failed',
): LoginAnswer {
  return { kind: 'failed', reason, ending, status, hold: { reason: 'unanswered', forMs } };
}

type Answered = Extract<HttpResult, { kind: 'answered' }>;

function readSuccess({ status, headers, body }: Answered, nowMs: number): LoginAnswer {
  const answer = parseObject(decodeUtf8(body, 'remove') ?? '');
  const login = loginSchema.safeParse(answer);
  // A refusal that came with a success counts for the account like any other.
  if (!login.success)
    return ERROR_MEMBERS.some((name) => (answer?.[name] ?? null) !== null)
      ? refused(status)
      : failed('unreadable', status, UNANSWERED_MS);
  const { access_token: text, expires_in: expiresIn } = login.data;
  const [, ...rest] = text.split('.');
  const secretPart = rest.join('.');
  return {
    kind: 'token',
    token: new Secret(text),
    searched: new Secret(rest.length === 2 && secretPart.length >= 16 ? secretPart : text),
    lifetimeMs: lifetimeOf({
      ...{ payload: rest[0] ?? '', expiresIn },
      issuedAtMs: answerDate(headers)?.earliestMs ?? nowMs,
    }),
  };
}

/**
 * From the claims of a JWT, else from the answer. The token's own time of issue counts before that of the server's
 * answer, and both before this machine's clock, which may be wrong.
 */
function lifetimeOf({
  payload,
  expiresIn,
  issuedAtMs,
}: {
  readonly payload: string;
  readonly expiresIn: number | undefined;
  readonly issuedAtMs: number;
}): number {
  const claims = claimsSchema.safeParse(parseObject(decodeBase64url(payload))).data;
  const lifetimeMs =
    claims === undefined
      ? (expiresIn ?? Infinity) * 1000
      : claims.exp * 1000 - (claims.iat ?? issuedAtMs / 1000) * 1000;
  return Number.isSafeInteger(Math.trunc(lifetimeMs))
    ? Math.max(SHORTEST_LIFETIME_MS, lifetimeMs)
    : DEFAULT_LIFETIME_MS;
}

function decodeBase64url(text: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1) return '';
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return (
    decodeUtf8(
      Uint8Array.from(binary, (char) => char.charCodeAt(0)),
      'remove',
    ) ?? ''
  );
}
