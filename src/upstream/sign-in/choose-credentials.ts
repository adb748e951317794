import type { SignInLedger } from '../../ledger/sign-in-hold.ts';
import type { Ids } from '../../ports/ids.ts';
import type { AuthScheme, Credentials } from '../credentials.ts';
import { deadlinesOf } from '../deadline.ts';
import { createApiKeyCredentials } from './api-key.ts';
import { createBasicCredentials } from './basic.ts';
import type { PasswordDeps } from './password.ts';
import { createPasswordCredentials } from './password.ts';
import { createSecretFingerprint } from './secret-fingerprint.ts';
import { createSignInGate } from './sign-in-gate.ts';

/** Makes the credentials of the configured scheme (GALILEO_AUTH). Throws a TypeError when a setting is unfit. */
export interface ChooseCredentialsDeps extends Omit<PasswordDeps, 'gate' | 'username' | 'deadlines'> {
  readonly scheme: AuthScheme;
  readonly ledger: SignInLedger;
  readonly ids: Ids;
  readonly keyHeader: string;
  /** Null with an API key. */
  readonly username: string | null;
  /** GALILEO_TIMEOUT_MS. */
  readonly timeoutMs: number;
}

/** A login is small. It ends before an invite that waits for it, so that the invite can still be sent. */
const LONGEST_LOGIN_MS = 10_000;

export function chooseCredentials(deps: ChooseCredentialsDeps): Credentials {
  const { scheme, ledger, username } = deps;
  if (scheme === 'api_key') return createApiKeyCredentials(deps);
  if (username === null) throw new TypeError('a user name is needed to sign in with a password');
  const fingerprintOf = createSecretFingerprint({ ...deps, ledger: () => ledger });
  const gate = createSignInGate({ ...deps, fingerprintOf });
  if (scheme === 'basic') return createBasicCredentials({ ...deps, username, gate });
  const deadlines = deadlinesOf(Math.min(LONGEST_LOGIN_MS, deps.timeoutMs));
  return createPasswordCredentials({ ...deps, username, gate, deadlines });
}
