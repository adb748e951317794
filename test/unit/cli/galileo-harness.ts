/** A Galileo for commands: an account that may lock, its user, and groups. Every request that carries a secret is kept. */
import { createAccount } from '../../../dev/galileo-account.ts';
import type { Account } from '../../../dev/galileo-account.ts';
import { CURRENT_USER } from '../../../dev/galileo.ts';
import { createGroups } from '../../../dev/galileo-groups.ts';
import type { Groups } from '../../../dev/galileo-groups.ts';
import type { HttpExchange, HttpResult } from '../../../src/ports/http.ts';
import { TEST_TIME_MS } from '../../support/clock.ts';
import { ACCOUNT } from '../../support/sign-in.ts';
import { answer, GOOD_ENV, hasKey, KEY } from './cli-harness.ts';

export const SIGN_IN_ENVS = {
  api_key: GOOD_ENV,
  basic: passwordEnv('basic'),
  password: passwordEnv('password'),
} as const;

function passwordEnv(scheme: 'basic' | 'password') {
  return {
    AUTH_ISSUERS: GOOD_ENV.AUTH_ISSUERS,
    GALILEO_AUTH: scheme,
    GALILEO_USERNAME: ACCOUNT.username,
    GALILEO_PASSWORD: ACCOUNT.password,
  };
}

export interface CliGalileo {
  readonly account: Account;
  readonly groups: Groups;
  /** `METHOD /path` of each request with a secret, in order. */
  readonly withSecret: readonly string[];
  /** For the option of the same name. */
  readonly answer: (request: HttpExchange) => HttpResult | null;
  /** The answer to GET /v2/groups from now on; null: the real groups. */
  scriptGroups(answer: HttpResult | null): void;
}

export function createCliGalileo(): CliGalileo {
  const account = createAccount(ACCOUNT);
  account.setClock(() => TEST_TIME_MS);
  const groups = createGroups();
  const withSecret: string[] = [];
  let groupAnswer: HttpResult | null = null;
  return {
    account,
    groups,
    withSecret,
    scriptGroups(next) {
      groupAnswer = next;
    },
    answer(request) {
      const { method, url, headers, body } = request;
      const { host, pathname, searchParams } = new URL(url);
      if (host !== 'api.galileo.ai') return null;
      const isLogin = pathname === '/login';
      const carriesSecret = isLogin || hasKey(request) || headers['authorization'] !== undefined;
      if (carriesSecret) withSecret.push(`${method} ${pathname}`);
      if (isLogin) {
        const { status, body: given } = account.login(String(body));
        return answer(status, given);
      }
      const isSignedIn = headers['Galileo-API-Key'] === KEY || (carriesSecret && account.schemeOf(headers) !== null);
      if (!isSignedIn) return answer(401, { detail: 'Invalid credentials' });
      if (pathname === '/v2/current_user') return answer(200, CURRENT_USER);
      if (pathname !== '/v2/groups') return answer(404, { detail: 'Not Found' });
      return groupAnswer ?? answer(200, groups.list(Object.fromEntries(searchParams)));
    },
  };
}
