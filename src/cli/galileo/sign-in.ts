import { SERVICE_VERSION } from '../../config/service.ts';
import type { Secret } from '../../lib/secret.ts';
import { createKeySearch, fingerprint, formsOfPassword, passwordFingerprint } from '../../upstream/api-keys.ts';
import type { Credential, SecretSearch } from '../../upstream/credentials.ts';
import { buildLoginRequest, checkKeyHeader, loginUrl } from '../../upstream/request.ts';
import type { HttpResult } from '../../ports/http.ts';
import { readLogin } from '../../upstream/sign-in/access-token.ts';
import { accountOf } from '../../upstream/sign-in/secret-fingerprint.ts';
import type { Configuration } from '../config/read-configuration.ts';
import type { CliDeps } from '../deps.ts';
import { API_ADDRESS } from '../doctor/advice/api-address.ts';
import type { Diagnosis } from '../doctor/check.ts';
import { failed, skipped } from '../doctor/check.ts';
import type { KeySlot } from '../doctor/checks/check-upstream.ts';
import { SIGN_IN_REMEDY } from '../doctor/checks/check-upstream.ts';
import { PROBE_DEADLINES, UNANSWERED } from '../doctor/probe.ts';
import { UNFIT_UPSTREAM, upstreamAddress } from '../doctor/upstream-address.ts';

/**
 * How a command signs in to Galileo, by the scheme that is configured (GALILEO_AUTH). A password that Galileo refused less
 * than an hour ago is not tried again, because accounts lock: the ledger knows of it. An attempt of a command is not
 * remembered, because commands that only look write nothing.
 */
export type SignInDeps = Pick<CliDeps, 'http' | 'clock' | 'readSignIns'>;
export type SignInConfiguration = Pick<Configuration, 'settings' | 'keys'>;

export type SignedIn =
  | {
      readonly kind: 'signed_in';
      readonly baseUrl: string;
      readonly credential: Credential;
      readonly holdsSecret: SecretSearch;
      readonly slot: KeySlot;
    }
  | { readonly kind: 'not_signed_in'; readonly finding: Diagnosis };

export function usesPassword({ settings }: SignInConfiguration): boolean {
  return settings.GALILEO_AUTH === 'basic' || settings.GALILEO_AUTH === 'password';
}

export async function signIn(configuration: SignInConfiguration, deps: SignInDeps): Promise<SignedIn> {
  return usesPassword(configuration)
    ? await signInWithPassword(configuration, deps)
    : signInWithKey(configuration, 'current', configuration.keys?.current ?? null);
}

export function signInWithKey(
  configuration: SignInConfiguration,
  slot: 'current' | 'next',
  key: Secret | null,
): SignedIn {
  const { GALILEO_API_KEY_HEADER: keyHeader } = configuration.settings;
  const baseUrl = upstreamAddress(configuration);
  if (key === null) return not(skipped('was not tried: it cannot be read'));
  if (baseUrl === null) return not(skipped(UNFIT_UPSTREAM));
  if (keyHeader === undefined) return not(skipped('was not tried: GALILEO_API_KEY_HEADER is refused'));
  const credential: Credential = {
    ...{ scheme: 'api_key', slot, secret: key, fingerprint: fingerprint(key) },
    keyHeader: checkKeyHeader(keyHeader),
  };
  const shown: KeySlot = { slot, fingerprint: fingerprint(key) };
  const { current = null, next = null } = configuration.keys ?? {};
  const keys = [key, current, next].filter((one) => one !== null);
  return { kind: 'signed_in', baseUrl, credential, holdsSecret: createKeySearch(keys), slot: shown };
}

async function signInWithPassword(configuration: SignInConfiguration, deps: SignInDeps): Promise<SignedIn> {
  const { settings, keys } = configuration;
  const { GALILEO_AUTH: scheme, GALILEO_USERNAME: username } = settings;
  const baseUrl = upstreamAddress(configuration);
  const password = keys?.current ?? null;
  if (password === null) return not(skipped('was not tried: the password cannot be read'));
  if (username === undefined || username === null) return not(skipped('was not tried: GALILEO_USERNAME is refused'));
  if (baseUrl === null) return not(skipped(UNFIT_UPSTREAM));
  const signIns = await deps.readSignIns(settings, deps.clock.now());
  const account = accountOf({ baseUrl, username });
  const print = signIns === null ? null : passwordFingerprint(password, { salt: signIns.salt, account });
  const hold = print === null ? null : (signIns?.holdOf(print) ?? null);
  if (hold !== null && hold.reason === 'refused' && hold.waitMs > 0) {
    return not(
      failed(
        `was refused by Galileo, and is not tried again for ${Math.ceil(hold.waitMs / 60_000)} min, because accounts lock`,
        SIGN_IN_REMEDY,
        { details: { key_fingerprint: print, retry_after_s: Math.ceil(hold.waitMs / 1000) } },
      ),
    );
  }
  const slot: KeySlot = { slot: 'password', fingerprint: print };
  const parts = { slot: 'current', fingerprint: print ?? '', secret: password } as const;
  const forms = formsOfPassword(password, username);
  if (scheme === 'basic') {
    const credential: Credential = { ...parts, scheme: 'basic', username };
    return { kind: 'signed_in', baseUrl, credential, holdsSecret: createKeySearch(forms), slot };
  }
  const request = buildLoginRequest({
    ...{ url: loginUrl(baseUrl), username, password },
    ...{ deadlines: PROBE_DEADLINES, version: SERVICE_VERSION },
  });
  const result = await deps.http.exchange(request);
  const login = readLogin(result, deps.clock.now());
  if (login.kind !== 'token') return not(loginFinding(login, result, print));
  const credential: Credential = { ...parts, scheme: 'password', token: login.token };
  const holdsSecret = createKeySearch([...forms, login.searched]);
  return { kind: 'signed_in', baseUrl, credential, holdsSecret, slot };
}

function loginFinding(
  { kind, reason, status }: Exclude<ReturnType<typeof readLogin>, { kind: 'token' }>,
  result: HttpResult,
  print: string | null,
): Diagnosis {
  const details = { key_fingerprint: print, reason, status };
  if (kind === 'refused') {
    return failed(`is refused by Galileo (POST /login, status ${status ?? 0})`, SIGN_IN_REMEDY, { details });
  }
  if (result.kind !== 'answered') {
    const words = UNANSWERED[result.reason];
    return failed(`could not be tried: Galileo ${words.message}`, words.remedy, { details });
  }
  return failed(`got no token from POST /login (${reason}, status ${result.status})`, API_ADDRESS, { details });
}

function not(finding: Diagnosis): SignedIn {
  return { kind: 'not_signed_in', finding };
}
