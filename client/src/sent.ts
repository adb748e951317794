/** What a sent invitation gives, read from the answer of the service. */
import type { AddressDecision, InvitePolicy, InviteUsersRequest, MalformedEntry, PartlySent } from './api-types.ts';
import type { Answered } from './calls/attempt.ts';
import type { InviteProblem } from './problems.ts';

/** What is left of a quota of the caller. */
export type QuotaLeft = Omit<InvitePolicy['quotas'][number], 'unit'>;

export interface Sent {
  /** `partly_invited`: with `lenient`, and some addresses were refused. */
  readonly kind: 'invited' | 'partly_invited';
  /** The addresses that went to Galileo. */
  readonly sent: readonly string[];
  /** The decisions on the others. */
  readonly refused: readonly (AddressDecision | MalformedEntry)[];
  /** Galileo's JSON as it came. Null when it was empty or withheld. */
  readonly answer: unknown;
  /** Galileo accepted, and its answer held something that must not leave the service. */
  readonly withheld: boolean;
  readonly quotas: readonly QuotaLeft[];
  /** Null where a gateway hides the header field. */
  readonly requestId: string | null;
  readonly policyDigest: string | null;
  /** The stored answer to an earlier attempt with the same key. */
  readonly replayed: boolean;
  readonly idempotencyKey: string;
}

interface Asked {
  readonly request: InviteUsersRequest;
  readonly lenient: boolean;
  readonly idempotencyKey: string;
}

export function sentOf({ status, headers, body }: Answered, { request, lenient, idempotencyKey }: Asked): Sent {
  const split = body as Partial<PartlySent> | null;
  // Galileo's own 207, if there ever is one, has other members.
  const isPart = lenient && status === 207 && Array.isArray(split?.sent) && Array.isArray(split.refused);
  const parts = isPart ? (split as PartlySent) : { sent: request.emails, refused: [], upstream: body };
  return {
    ...{ kind: isPart ? 'partly_invited' : 'invited', sent: parts.sent, refused: parts.refused },
    ...{ answer: parts.upstream, withheld: false, quotas: quotasOf(headers), idempotencyKey },
    requestId: headers.get('X-Request-Id'),
    policyDigest: headers.get('Policy-Digest'),
    replayed: headers.get('Idempotency-Replayed') === 'true',
  };
}

/** Galileo accepted, but the service refuses to pass its answer on. Null for every other problem. */
export function sentWithheld(
  { outcome, decisions, requestId }: InviteProblem,
  { request, idempotencyKey }: Asked,
): Sent | null {
  if (outcome !== 'accepted') return null;
  const refused = decisions.filter(({ decision }) => decision === 'deny');
  const left = new Set(refused.map((one) => ('email' in one ? one.email : request.emails[one.index])));
  return {
    ...{ kind: refused.length > 0 ? 'partly_invited' : 'invited', answer: null, withheld: true, refused },
    sent: request.emails.filter((email) => !left.has(email)),
    ...{ quotas: [], policyDigest: null, replayed: false, requestId, idempotencyKey },
  };
}

/** draft-ietf-httpapi-ratelimit-headers: `"app-day";q=500;w=86400` beside `"app-day";r=12;t=3600`. */
function quotasOf(headers: Headers): QuotaLeft[] {
  const left = new Map(itemsOf(headers.get('RateLimit')));
  return itemsOf(headers.get('RateLimit-Policy')).map(([quota, limits]) => {
    const { r, t } = left.get(quota) ?? {};
    return { quota, limit: limits['q'] ?? 0, window_s: limits['w'] ?? 0, remaining: r ?? 0, reset_s: t ?? 0 };
  });
}

function itemsOf(field: string | null): [name: string, parameters: Partial<Record<string, number>>][] {
  return [...(field ?? '').matchAll(/"([^"]*)"((?:;[a-z]=\d+)*)/g)].map(([, name = '', parameters = '']) => {
    const pairs = [...parameters.matchAll(/([a-z])=(\d+)/g)];
    return [name, Object.fromEntries(pairs.map(([, key = '', value]) => [key, Number(value)]))];
  });
}
