import type { NearestIssuer } from './nearest-issuer.ts';

/**
 * Why a token is refused: many reasons for log lines, metric labels and tests, and few plain sentences for callers.
 * No reason and no sentence contains a part of the token: logs and answers reach people who must not hold it.
 */
export interface TokenFailure {
  readonly reason: TokenFailureReason;
  /** The short name of the issuer that the token's `iss` selected; null when the token was refused before that. */
  readonly issuer: string | null;
  /** For an unknown issuer: the configured one that `iss` nearly names. */
  readonly nearest?: NearestIssuer;
}

export type TokenFailureReason =
  // The text itself
  | 'token_too_long'
  | 'not_compact_jws'
  | 'not_canonical_base64url'
  | 'header_not_strict_json'
  | 'payload_not_strict_json'
  // The issuer, and the request field that carried the token
  | 'token_field_not_allowed'
  | 'origin_not_allowed'
  | 'issuer_missing'
  | 'issuer_unknown'
  // The header
  | 'header_field_not_allowed'
  | 'algorithm_not_allowed'
  | 'key_id_malformed'
  | 'token_type_not_allowed'
  // The signature
  | 'key_unknown'
  | 'key_ambiguous'
  | 'key_algorithm_mismatch'
  | 'signature_invalid'
  // The claims
  | 'expired'
  | 'not_yet_valid'
  | 'issued_in_future'
  | 'lifetime_too_long'
  | 'audience_mismatch'
  | 'claim_missing'
  | 'claim_malformed'
  | 'claim_mismatch';

/** One sentence for the caller. It is printable ASCII without quotes or backslashes, as `error_description` demands. */
export function describeFailure(failure: TokenFailure): string {
  switch (failure.reason) {
    case 'token_too_long':
      return 'The token is too long. Have its issuer put fewer groups, roles or other claims into it.';
    case 'not_compact_jws':
    case 'not_canonical_base64url':
    case 'header_not_strict_json':
    case 'payload_not_strict_json':
      return 'The token is not a well-formed signed JWT.';
    case 'issuer_missing':
    case 'issuer_unknown':
      return 'The token does not come from an issuer that this service trusts.';
    case 'token_field_not_allowed':
      return 'The token came in another header field than tokens of its issuer may come in.';
    case 'origin_not_allowed':
      return 'A token from Cloudflare Access counts only in a request whose Origin field names an allowed origin.';
    case 'header_field_not_allowed':
    case 'algorithm_not_allowed':
    case 'key_id_malformed':
    case 'token_type_not_allowed':
      return 'The header of the token names a type, an algorithm or a field that this service does not accept.';
    case 'key_unknown':
    case 'key_ambiguous':
    case 'key_algorithm_mismatch':
    case 'signature_invalid':
      return 'The signature of the token cannot be verified.';
    case 'expired':
      return 'The token has expired.';
    case 'not_yet_valid':
    case 'issued_in_future':
      return 'The token is not valid yet.';
    case 'lifetime_too_long':
      return 'The token lives longer than this service accepts.';
    case 'audience_mismatch':
      return 'The token is meant for another service.';
    case 'claim_missing':
    case 'claim_malformed':
    case 'claim_mismatch':
      return 'The token lacks a claim that this service needs, or has it in another form.';
  }
}

/** One sentence for a caller whose token names a key that the issuer was not asked for yet. */
export const UNSEEN_KEY =
  'Nothing was sent. The token names a key that its identity provider may just have begun to use; this service fetches ' +
  'the keys again in a moment.';
