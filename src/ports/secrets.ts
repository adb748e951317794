import type { Secret } from '../lib/secret.ts';

/** The source of the upstream keys, or of the upstream password: environment, a file that is re-read when it changes, or a binding. */
export interface Secrets {
  /** The keys that are valid now. Rejects when none can be read. */
  galileoKeys(): Promise<GalileoKeys>;
}

export interface GalileoKeys {
  /** The password, where the service signs in with one (GALILEO_AUTH). */
  readonly current: Secret;
  /** Tried once when the upstream answers the current key with a complete 401. */
  readonly next: Secret | null;
}
