import { SERVICE_VERSION } from '../../../config/service.ts';
import { createAskCurrentUser } from '../../../upstream/current-user.ts';
import type { Configuration } from '../../config/read-configuration.ts';
import type { SignedIn, SignInDeps } from '../../galileo/sign-in.ts';
import { signIn, signInWithKey, usesPassword } from '../../galileo/sign-in.ts';
import type { Check, Diagnosis } from '../check.ts';
import { skipped } from '../check.ts';
import { PROBE_DEADLINES } from '../probe.ts';
import type { Probe } from '../probe.ts';
import { keyFinding, leadsElsewhere } from './check-upstream.ts';

/**
 * Doctor's checks that the service can sign in to Galileo: each key, or the user name and password. `accepted` is what
 * further questions use, so that a secret is tried once and a refused one by no other check.
 */
export interface SignInChecks {
  readonly checks: readonly Check[];
  /** Null: Galileo did not accept the secret in force, or was not asked. Never rejects. */
  readonly accepted: Promise<Extract<SignedIn, { kind: 'signed_in' }> | null>;
}

const NOT_GALILEO = 'was not sent: GALILEO_API_URL does not lead to Galileo’s API';

export function signInChecks(
  configuration: Configuration,
  deps: SignInDeps,
  upstream: Promise<Probe | null>,
): SignInChecks {
  const { keys } = configuration;
  const next = keys?.next ?? null;
  const accepted = Promise.withResolvers<Awaited<SignInChecks['accepted']>>();
  const check = (id: string, title: string, attempt: () => SignedIn | Promise<SignedIn>, isInForce = true): Check => ({
    ...{ id, title },
    async run() {
      let usable: Awaited<SignInChecks['accepted']> = null;
      try {
        const seen = await upstream.catch(() => null);
        if (seen !== null && leadsElsewhere(seen)) return skipped(NOT_GALILEO);
        const signedIn = await attempt();
        if (signedIn.kind === 'not_signed_in') return signedIn.finding;
        const { finding, isAccepted } = await askUser(signedIn, deps);
        if (isAccepted) usable = signedIn;
        return finding;
      } finally {
        if (isInForce) accepted.resolve(usable);
      }
    },
  });
  const checks = usesPassword(configuration)
    ? [check('galileo-sign-in', 'Galileo sign-in', () => signIn(configuration, deps))]
    : [
        check('galileo-key', 'Galileo key', () => signIn(configuration, deps)),
        ...(next === null
          ? []
          : [check('galileo-key-next', 'Next Galileo key', () => signInWithKey(configuration, 'next', next), false)]),
      ];
  return { checks, accepted: accepted.promise };
}

async function askUser(
  { baseUrl, credential, holdsSecret, slot }: Extract<SignedIn, { kind: 'signed_in' }>,
  { http }: SignInDeps,
): Promise<{ readonly finding: Diagnosis; readonly isAccepted: boolean }> {
  const ask = createAskCurrentUser({ http, baseUrl, deadlines: PROBE_DEADLINES, version: SERVICE_VERSION });
  const answer = await ask(credential, holdsSecret);
  return { finding: keyFinding(answer, slot), isAccepted: answer.kind === 'accepted' };
}
