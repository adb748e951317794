import type { KeySourceFailure } from '../../../auth/keys/key-source.ts';
import type { KeyFault } from '../../../auth/keys/verification-key.ts';
import { UNANSWERED } from '../probe.ts';
import { BEHIND_PROXY } from './proxy-words.ts';
import type { Words } from './proxy-words.ts';

/**
 * What doctor says about an issuer's documents and keys: one row per reason of the service, each with its own remedy.
 * `message` follows the issuer's name.
 */

/** `address` is the member of AUTH_ISSUERS that led to the document. */
export function documentAdvice(reason: KeySourceFailure | 'not_a_key_set', address: 'issuer' | 'jwks_uri'): Words {
  const { message, remedy } = DOCUMENTS[reason];
  return { message, remedy: remedy ?? ADDRESSES[address] };
}

const ADDRESSES = {
  issuer:
    'Check issuer in AUTH_ISSUERS: below it must be /.well-known/openid-configuration. If the provider has none there, set jwks_uri.',
  jwks_uri: 'Check jwks_uri in AUTH_ISSUERS: it must answer the key set itself, {"keys":[…]}.',
} as const;

/** A remedy that is null is a matter of the address. */
const DOCUMENTS = {
  unreachable: { message: 'does not answer', remedy: UNANSWERED.connect_failed.remedy },
  ...BEHIND_PROXY,
  timeout: { message: 'does not answer in time', remedy: UNANSWERED.connect_timeout.remedy },
  redirected: {
    message: 'redirects, which is not followed',
    remedy: 'Name the address it redirects to, if it is the issuer’s.',
  },
  bad_status: { message: 'has no metadata or key set where they should be', remedy: null },
  too_large: { message: 'answers with more than 256 KiB', remedy: null },
  not_utf8: { message: 'answers with what is no text', remedy: null },
  not_json: { message: 'answers with what is no JSON', remedy: null },
  json_ambiguous: {
    message: 'answers with JSON that programs read in different ways, such as a member that is there twice',
    remedy: 'Let the issuer’s people correct the document.',
  },
  not_a_key_set: {
    message: 'publishes a document that is no key set',
    remedy:
      'Check jwks_uri: it must answer {"keys":[…]} (RFC 7517 §5). One key alone, or certificates by name, are no key set.',
  },
  metadata_malformed: { message: 'publishes metadata without issuer or jwks_uri', remedy: null },
  metadata_issuer_mismatch: {
    message: 'has another name in its metadata',
    remedy: 'Write issuer in AUTH_ISSUERS exactly as its metadata does, to the last slash.',
  },
  metadata_jwks_uri_not_allowed: {
    message: 'publishes a jwks_uri that is not https',
    remedy: 'Let the issuer publish its keys over https.',
  },
} as const satisfies Record<
  KeySourceFailure | 'not_a_key_set',
  { readonly message: string; readonly remedy: string | null }
>;

interface KeyWords {
  /** What to do when tokens that this key signed are to be accepted. */
  readonly remedy: string;
  /** Whether it is a fault beside usable keys, too. */
  readonly isAlwaysFault: boolean;
}

export const KEY_ADVICE: Readonly<Record<KeyFault, KeyWords>> = {
  private_or_symmetric: {
    remedy:
      'Tell the issuer at once: with a published private or shared key anyone can sign tokens. This service does not use it, nor its public half.',
    isAlwaysFault: true,
  },
  key_id_repeated: {
    remedy:
      'Two different keys have one kid for one algorithm, so neither is used for it. Let the issuer give each its own kid.',
    isAlwaysFault: true,
  },
  too_many_keys: {
    remedy: 'The set has more than 200 signing keys. Let the issuer remove those that it no longer uses.',
    isAlwaysFault: true,
  },
  certificate_only: {
    remedy:
      'A key is there only as a certificate (x5c or x5u). Let the issuer publish its numbers (n and e, or crv, x and y) as well.',
    isAlwaysFault: false,
  },
  algorithm_not_allowed: {
    remedy:
      'A key is for an algorithm that "algorithms" in AUTH_ISSUERS leaves out. Add it there, or leave the member out.',
    isAlwaysFault: false,
  },
  name_in_other_case: {
    remedy:
      'The "use" or "alg" of a key is right but for upper and lower case. Let the issuer write "sig" and names such as RS256 exactly so.',
    isAlwaysFault: false,
  },
  algorithm_not_supported: {
    remedy:
      'A key is for an algorithm that this service does not know. Let the issuer sign with RS256, PS256, ES256, EdDSA or one of their kind.',
    isAlwaysFault: false,
  },
  weak_rsa: {
    remedy: 'Let the issuer sign with RSA of 2048 to 8192 bits and the usual exponent 65537.',
    isAlwaysFault: false,
  },
  not_for_signatures: {
    remedy: 'A key is for encryption ("use" or "key_ops" says so). Let the issuer publish its signing key too.',
    isAlwaysFault: false,
  },
  key_id_malformed: {
    remedy: 'A kid is no text of 1 to 256 characters. Let the issuer give its keys such ids.',
    isAlwaysFault: false,
  },
  key_malformed: {
    remedy:
      'The numbers of a key are missing or not base64url, or no such key exists. Let the issuer publish it again.',
    isAlwaysFault: false,
  },
  not_a_key: {
    remedy: 'An entry of "keys" is no key (RFC 7517 §4: an object with "kty"). Let the issuer correct it.',
    isAlwaysFault: false,
  },
};
