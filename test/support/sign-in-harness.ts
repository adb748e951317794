import { createAccount } from '../../dev/galileo-account.ts';
import type { Account } from '../../dev/galileo-account.ts';
import type { SignInLedger } from '../../src/ledger/sign-in-hold.ts';
import { Secret } from '../../src/lib/secret.ts';
import type { HttpExchange, HttpPort, HttpResult } from '../../src/ports/http.ts';
import type { AuthScheme, Credentials } from '../../src/upstream/credentials.ts';
import { chooseCredentials } from '../../src/upstream/sign-in/choose-credentials.ts';
import { createFakeIds } from './clock.ts';
import type { FakeClock } from './clock.ts';
import { ACCOUNT } from './sign-in.ts';
import { answered, recordLogs, recordMetrics } from './upstream.ts';

/** One process or isolate that signs in to a Galileo whose account may lock. Several of them may share a ledger. */
export interface SignInProcess {
  readonly credentials: Credentials;
  /** Puts another password in place, as a changed file does. */
  setPassword(password: string): void;
  readonly logger: ReturnType<typeof recordLogs>;
  readonly metrics: ReturnType<typeof recordMetrics>;
}

export interface ScriptedLogins extends HttpPort {
  readonly account: Account;
  /** Every login, in order. */
  readonly logins: readonly HttpExchange[];
  /** The answer to logins from now on; null: the account's own. */
  scriptLogin(answer: ((login: HttpExchange) => HttpResult | Promise<HttpResult>) | null): void;
}

export function createLogins(clock: FakeClock): ScriptedLogins {
  const account = createAccount(ACCOUNT);
  account.setClock(clock.now);
  const logins: HttpExchange[] = [];
  let script: Parameters<ScriptedLogins['scriptLogin']>[0] = null;
  return {
    account,
    logins,
    scriptLogin(answer) {
      script = answer;
    },
    async exchange(request) {
      if (!request.url.endsWith('/login')) throw new Error('only logins are expected');
      logins.push(request);
      if (script !== null) return await script(request);
      const { status, body } = account.login(String(request.body));
      return answered(status, body);
    },
  };
}

/** One for all processes: their claims differ, as in production. */
const ids = createFakeIds();

export function createSignInProcess(deps: {
  readonly scheme: Exclude<AuthScheme, 'api_key'>;
  readonly clock: FakeClock;
  readonly ledger: SignInLedger;
  readonly http: HttpPort;
  readonly password?: string;
  readonly canAwaitAcrossRequests?: boolean;
}): SignInProcess {
  const { clock, password = ACCOUNT.password, canAwaitAcrossRequests = true, ...rest } = deps;
  const logger = recordLogs();
  const metrics = recordMetrics();
  let current = new Secret(password);
  const credentials = chooseCredentials({
    ...rest,
    ...{ clock, schedule: clock, logger, metrics, canAwaitAcrossRequests },
    ids,
    background: { run: (task) => void task.catch(() => undefined) },
    secrets: { galileoKeys: async () => ({ current, next: null }) },
    baseUrl: 'https://galileo.example/eu',
    keyHeader: 'Galileo-API-Key',
    username: ACCOUNT.username,
    timeoutMs: 15_000,
    version: '0.0.0-test',
  });
  return {
    credentials,
    logger,
    metrics,
    setPassword(next) {
      current = new Secret(next);
    },
  };
}
