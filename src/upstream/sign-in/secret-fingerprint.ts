import type { SignInLedger } from '../../ledger/sign-in-hold.ts';
import type { Secret } from '../../lib/secret.ts';
import { fingerprint, passwordFingerprint } from '../api-keys.ts';
import type { AuthScheme } from '../credentials.ts';

/**
 * The fingerprint of the configured secret, as records, log lines and the ledger have it. That of a password is made with
 * the ledger's salt, so it takes a promise, and it is made once for each password.
 */
export type FingerprintOf = (secret: Secret) => Promise<string | null>;

export interface SecretFingerprintDeps {
  readonly scheme: AuthScheme;
  /** Null while the ledger is not open. */
  readonly ledger: () => Pick<SignInLedger, 'signInSalt'> | null;
  /** GALILEO_API_URL. */
  readonly baseUrl: string;
  /** GALILEO_USERNAME. */
  readonly username: string | null;
}

/** The same password elsewhere, or of another user, is another secret. */
export function accountOf({ baseUrl, username }: Pick<SecretFingerprintDeps, 'baseUrl' | 'username'>): string {
  return JSON.stringify([baseUrl, username]);
}

/** The returned function never rejects. Null: the salt cannot be read now. */
export function createSecretFingerprint({ scheme, ledger, baseUrl, username }: SecretFingerprintDeps): FingerprintOf {
  if (scheme === 'api_key') return async (key) => fingerprint(key);
  const account = accountOf({ baseUrl, username });
  const known = new WeakMap<Secret, string>();
  return async (password) => {
    const before = known.get(password);
    if (before !== undefined) return before;
    const salt =
      (await ledger()
        ?.signInSalt()
        .catch(() => null)) ?? null;
    if (salt === null) return null;
    const made = passwordFingerprint(password, { salt, account });
    known.set(password, made);
    return made;
  };
}
