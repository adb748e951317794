import type { Secret } from '../lib/secret.ts';
import type { NotSent } from './failure.ts';

/**
 * How this service signs in to Galileo (GALILEO_AUTH), as one port with one implementation per scheme (sign-in/). Types
 * only. A credential is what one request is sent with; upstream/request turns it into a header field. Invariant: a
 * credential is only built from secrets that `holdsSecret` finds in every rendering.
 */
export interface Credentials {
  /** The credentials for one request. Asks nobody. Rejects when the secrets cannot be read. */
  credentials(): Promise<RequestCredentials>;
  /** A test for texts that hold a secret in force. Null when the secrets cannot be read: then no text is free of them. */
  secretSearch(): Promise<SecretSearch | null>;
}

export type SecretSearch = (text: string) => boolean;

export interface RequestCredentials {
  /** Covers every secret that any of the methods below has returned. */
  readonly holdsSecret: SecretSearch;
  /** May ask Galileo for a token, for at most `withinMs`. Never rejects. Without a promise where nothing is asked. */
  first(withinMs: number): Credential | NotSent | Promise<Credential | NotSent>;
  /**
   * Like `first`, and never an attempt to sign in that keeps another request waiting: not before another request has
   * proven the secret. Left out where `first` keeps none waiting.
   */
  readonly proven?: () => Promise<Credential | NotSent>;
  /**
   * What may be sent once more after a complete 401, which proves that nothing was done. Null: nothing. Never rejects.
   */
  afterRejection(rejected: Credential, withinMs: number): Promise<Credential | NotSent | null>;
  /** Says what the answer to a request proves about its credential. Left out where nothing is remembered of it. */
  readonly report?: (credential: Credential, verdict: CredentialVerdict) => Promise<void>;
}

/** `accepted`: a complete answer that is no 401. `unproven`: no complete answer. */
export type CredentialVerdict = 'accepted' | 'rejected' | 'unproven';

export type Credential = {
  readonly slot: 'current' | 'next';
  /** Of the configured secret; 12 hex digits. Reveals nothing about it. */
  readonly fingerprint: string;
  /** The configured secret. */
  readonly secret: Secret;
} & (
  | { readonly scheme: 'api_key'; readonly keyHeader: string }
  | { readonly scheme: 'basic'; readonly username: string }
  | { readonly scheme: 'password'; readonly token: Secret }
);

export const AUTH_SCHEMES = ['api_key', 'basic', 'password'] as const satisfies readonly Credential['scheme'][];
export type AuthScheme = (typeof AUTH_SCHEMES)[number];

export function isCredential(found: Credential | NotSent): found is Credential {
  return 'scheme' in found;
}
