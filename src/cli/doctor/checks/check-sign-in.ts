import { SERVICE_VERSION } from '../../../config/service.ts';
import type { Secret } from '../../../lib/secret.ts';
import type { HttpResult } from '../../../ports/http.ts';
import { createKeySearch, fingerprint, passwordFingerprint } from '../../../upstream/api-keys.ts';
import type { Credential } from '../../../upstream/credentials.ts';
import { createAskCurrentUser } from '../../../upstream/current-user.ts';
import { buildLoginRequest, checkKeyHeader, loginUrl } from '../../../upstream/request.ts';
import { readLogin } from '../../../upstream/sign-in/access-token.ts';
import { accountOf } from '../../../upstream/sign-in/secret-fingerprint.ts';
import type { Configuration } from '../../config/read-configuration.ts';
import type { CliDeps } from '../../deps.ts';
import { API_ADDRESS } from '../advice/api-address.ts';
import type { Check, Diagnosis } from '../check.ts';
import { failed, skipped } from '../check.ts';
import { PROBE_DEADLINES, UNANSWERED } from '../probe.ts';
import type { Probe } from '../probe.ts';
import { UNFIT_UPSTREAM, upstreamAddress } from '../upstream-address.ts';
import type { KeySlot } from './check-upstream.ts';
import { keyFinding, leadsElsewhere, SIGN_IN_REMEDY } from './check-upstream.ts';

/**
 * Doctor's checks that the service can sign in to Galileo, by the scheme that is configured (GALILEO_AUTH): each key, or
 * the user name and password. A password that Galileo refused less than an hour ago is not tried again, because accounts
 * lock: the ledger knows of it.
 */
type Deps = Pick<CliDeps, 'http' | 'clock' | 'readSignIns'>;

const NOT_GALILEO = 'was not sent: GALILEO_API_URL does not lead to Galileo’s API';

export function signInChecks(
  configuration: Configuration,
  deps: Deps,
  upstream: Promise<Probe | null>,
): readonly Check[] {
  const check = (id: string, title: string, run: Check['run']): Check => ({
    ...{ id, title },
    async run() {
      const seen = await upstream.catch(() => null);
      if (seen !== null && leadsElsewhere(seen)) return skipped(NOT_GALILEO);
      return await run();
    },
  });
  const { keys, settings } = configuration;
  if (settings.GALILEO_AUTH === 'basic' || settings.GALILEO_AUTH === 'password')
    return [check('galileo-sign-in', 'Galileo sign-in', () => checkPasswordSignIn(configuration, deps))];
  const next = keys?.next ?? null;
  return [
    check('galileo-key', 'Galileo key', () => checkKey(configuration, deps, 'current', keys?.current ?? null)),
    ...(next === null
      ? []
      : [check('galileo-key-next', 'Next Galileo key', () => checkKey(configuration, deps, 'next', next))]),
  ];
}

async function checkKey(
  configuration: Configuration,
  deps: Deps,
  slot: 'current' | 'next',
  key: Secret | null,
): Promise<Diagnosis> {
  const { GALILEO_API_KEY_HEADER: keyHeader } = configuration.settings;
  const baseUrl = upstreamAddress(configuration);
  if (key === null) return skipped('was not tried: it cannot be read');
  if (baseUrl === null) return skipped(UNFIT_UPSTREAM);
  if (keyHeader === undefined) return skipped('was not tried: GALILEO_API_KEY_HEADER is refused');
  const credential: Credential = {
    ...{ scheme: 'api_key', slot, secret: key, fingerprint: fingerprint(key) },
    keyHeader: checkKeyHeader(keyHeader),
  };
  return await ask({ baseUrl, credential, secrets: [key], slot: { slot, fingerprint: fingerprint(key) } }, deps);
}

async function checkPasswordSignIn(configuration: Configuration, deps: Deps): Promise<Diagnosis> {
  const { settings, keys } = configuration;
  const { GALILEO_AUTH: scheme, GALILEO_USERNAME: username, LEDGER_URL: ledger } = settings;
  const baseUrl = upstreamAddress(configuration);
  const password = keys?.current ?? null;
  if (password === null) return skipped('was not tried: the password cannot be read');
  if (username === undefined || username === null) return skipped('was not tried: GALILEO_USERNAME is refused');
  if (baseUrl === null) return skipped(UNFIT_UPSTREAM);
  const signIns = ledger?.kind !== 'sqlite' ? null : await deps.readSignIns(ledger.path, deps.clock.now());
  const account = accountOf({ baseUrl, username });
  const print = signIns === null ? null : passwordFingerprint(password, { salt: signIns.salt, account });
  const hold = print === null ? null : (signIns?.holdOf(print) ?? null);
  if (hold !== null && hold.reason === 'refused' && hold.waitMs > 0) {
    return failed(
      `was refused by Galileo, and is not tried again for ${Math.ceil(hold.waitMs / 60_000)} min, because accounts lock`,
      SIGN_IN_REMEDY,
      { details: { key_fingerprint: print, retry_after_s: Math.ceil(hold.waitMs / 1000) } },
    );
  }
  const slot: KeySlot = { slot: 'password', fingerprint: print };
  const parts = { slot: 'current', fingerprint: print ?? '', secret: password } as const;
  if (scheme === 'basic') {
    const credential: Credential = { ...parts, scheme: 'basic', username };
    return await ask({ baseUrl, credential, secrets: [password], slot }, deps);
  }
  const request = buildLoginRequest({
    ...{ url: loginUrl(baseUrl), username, password },
    ...{ deadlines: PROBE_DEADLINES, version: SERVICE_VERSION },
  });
  const result = await deps.http.exchange(request);
  const login = readLogin(result, deps.clock.now());
  if (login.kind !== 'token') return loginFinding(login, result, print);
  const credential: Credential = { ...parts, scheme: 'password', token: login.token };
  return await ask({ baseUrl, credential, secrets: [password, login.searched], slot }, deps);
}

interface Asked {
  readonly baseUrl: string;
  readonly credential: Credential;
  readonly secrets: readonly Secret[];
  readonly slot: KeySlot;
}

async function ask({ baseUrl, credential, secrets, slot }: Asked, { http }: Deps): Promise<Diagnosis> {
  const askUser = createAskCurrentUser({ http, baseUrl, deadlines: PROBE_DEADLINES, version: SERVICE_VERSION });
  return keyFinding(await askUser(credential, createKeySearch(secrets)), slot);
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
