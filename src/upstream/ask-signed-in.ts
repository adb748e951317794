import type { HttpResult, MaybeSentReason, NotSentReason } from '../ports/http.ts';
import type { Credential, Credentials, CredentialVerdict, RequestCredentials, SecretSearch } from './credentials.ts';
import { isCredential } from './credentials.ts';

/**
 * What all questions to Galileo share that are no invites: they are signed in like an invite, and asked again with another
 * credential when the first one is rejected. An answer that holds a secret is not read. Never rejects; the reason for a
 * missing answer is a word, never a part of it.
 */
export interface Unanswered {
  readonly kind: 'unanswered';
  readonly reason: UnansweredReason;
  readonly status: number | null;
}

export type UnansweredReason =
  | NotSentReason
  | MaybeSentReason
  | 'key_unavailable'
  | 'credentials_rejected'
  | 'other_status'
  | 'holds_key'
  | 'not_json'
  | 'other_shape'
  | 'list_too_long'
  | 'interrupted';

export interface SignedInOptions {
  /** For signing in, where that takes a request. */
  readonly withinMs: number;
  /**
   * False: the question waits for an invite to prove the credential, where its use would be an attempt that keeps invites
   * waiting.
   */
  readonly mayProve: boolean;
}

type Ask<A> = (credential: Credential, holdsSecret: SecretSearch) => Promise<A | Unanswered>;

export async function askSignedIn<A extends { readonly kind: 'answered' }>(
  credentials: Credentials,
  options: SignedInOptions,
  ask: Ask<A>,
): Promise<A | Unanswered> {
  const ofRequest = await credentials.credentials().catch(() => null);
  if (ofRequest === null) return unanswered('key_unavailable');
  // The exception may contain request fields, so it is not logged.
  return await askWithEither(ofRequest, options, ask).catch(() => unanswered('interrupted'));
}

/** A key rotation, or a token that is no longer valid, must not stop the questions. */
async function askWithEither<A extends { readonly kind: 'answered' }>(
  credentials: RequestCredentials,
  { withinMs, mayProve }: SignedInOptions,
  ask: Ask<A>,
): Promise<A | Unanswered> {
  const { proven } = credentials;
  const credential = await (mayProve || proven === undefined ? credentials.first(withinMs) : proven());
  if (!isCredential(credential)) return unanswered('key_unavailable');
  let verdict: CredentialVerdict = 'unproven';
  let first: A | Unanswered;
  try {
    first = await ask(credential, credentials.holdsSecret);
    verdict = verdictOf(first);
  } finally {
    await credentials.report?.(credential, verdict);
  }
  // A 403 is no reason to sign in again, but the next key may belong to an account that may ask.
  const mayRetry =
    first.kind === 'unanswered' &&
    first.reason === 'credentials_rejected' &&
    (first.status === 401 || credential.scheme === 'api_key');
  const other = mayRetry ? await credentials.afterRejection(credential, withinMs) : null;
  return other !== null && isCredential(other) ? await ask(other, credentials.holdsSecret) : first;
}

function verdictOf(answer: { readonly kind: 'answered' } | Unanswered): CredentialVerdict {
  if (answer.kind === 'answered') return 'accepted';
  return answer.status === 401 ? 'rejected' : 'unproven';
}

/** The JSON of a complete 2xx. */
export function readJson(
  result: HttpResult,
  holdsSecret: SecretSearch,
): { readonly kind: 'json'; readonly json: unknown; readonly status: number } | Unanswered {
  if (result.kind !== 'answered') return unanswered(result.reason);
  const { status, body } = result;
  if (status === 401 || status === 403) return unanswered('credentials_rejected', status);
  if (status < 200 || status > 299) return unanswered('other_status', status);
  const text = new TextDecoder().decode(body);
  if (holdsSecret(text)) return unanswered('holds_key', status);
  try {
    return { kind: 'json', json: JSON.parse(text) as unknown, status };
  } catch {
    return unanswered('not_json', status);
  }
}

export function unanswered(reason: UnansweredReason, status: number | null = null): Unanswered {
  return { kind: 'unanswered', reason, status };
}
