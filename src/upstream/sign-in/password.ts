import type { Secret } from '../../lib/secret.ts';
import type { Background } from '../../ports/background.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Deadlines, HttpPort, HttpResult } from '../../ports/http.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { Schedule } from '../../ports/schedule.ts';
import type { Secrets } from '../../ports/secrets.ts';
import { createSharedTask } from '../../tasks/shared-task.ts';
import { createKeySearch, formsOfPassword } from '../api-keys.ts';
import type { Credential, Credentials } from '../credentials.ts';
import type { NotSent } from '../failure.ts';
import type { KeyUse } from '../key-use.ts';
import { buildLoginRequest, loginUrl } from '../request.ts';
import { readLogin } from './access-token.ts';
import type { SignInGate } from './sign-in-gate.ts';
import { notSent } from './sign-in-gate.ts';

/**
 * GALILEO_AUTH=password: user name and password are exchanged for a token, and requests carry the token. A process or
 * isolate holds one token, in memory only, and renews it before it ends. All requests of a process share one login. A
 * token that Galileo rejects is replaced once; a new token that is rejected at once is not, because another would be, too.
 */
export interface PasswordDeps {
  /** The current slot holds the password. */
  readonly secrets: Secrets;
  readonly gate: SignInGate;
  readonly http: HttpPort;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly background: Background;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'count'>;
  readonly keyUse?: Pick<KeyUse, 'note'> | undefined;
  readonly baseUrl: string;
  readonly username: string;
  /** Of one login. */
  readonly deadlines: Deadlines;
  readonly version: string;
  /** Whether one request may await a promise that another request began. False on Workers. */
  readonly canAwaitAcrossRequests: boolean;
}

interface HeldToken {
  readonly kind: 'token';
  readonly token: Secret;
  /** What searches look for. */
  readonly searched: Secret;
  readonly password: Secret;
  readonly fingerprint: string;
  readonly gotAtMs: number;
  readonly renewAtMs: number;
  readonly endsAtMs: number;
}

/** The login that all requests with the same password share. */
interface SharedLogin {
  readonly password: Secret;
  readonly once: (password: Secret, withinMs: number) => Promise<HeldToken | NotSent | null>;
}

/** How long before its end a token is renewed in the background, and how long before it is no longer used. */
const RENEW_BEFORE_MS = 10 * 60_000;
const USE_UNTIL_BEFORE_MS = 30_000;
/** How long a login waits while another process signs in. */
const GATE_PATIENCE_MS = 8_000;
/** More than logins can be under way in the time of one request. */
const EARLIER_TOKENS = 3;
/** After a renewal that failed, and for a new token that is rejected. */
const REST_MS = 60_000;

/** Throws a TypeError when the address is unfit. */
export function createPasswordCredentials(deps: PasswordDeps): Credentials {
  const { secrets, gate, http, clock, background, logger, metrics, username, deadlines, version } = deps;
  const url = loginUrl(deps.baseUrl);
  let held: HeldToken | null = null;
  /** The tokens of before, the newest first: a request that is under way may carry one, and its answer may repeat it. */
  let earlier: readonly Secret[] = [];
  let renewalRestsUntilMs = -Infinity;
  let login: SharedLogin | null = null;

  async function signIn(password: Secret): Promise<HeldToken | NotSent> {
    const fingerprint = await gate.fingerprintOf(password);
    if (fingerprint === null) return notSent('sign_in_failed', null);
    const passage = await gate.enter(fingerprint, GATE_PATIENCE_MS);
    if (passage.kind !== 'passage') return passage;
    const request = buildLoginRequest({ url, username, password, deadlines, version });
    // The exception may contain the password, so it is not logged.
    const interrupted: HttpResult = { kind: 'maybe_sent', reason: 'connection_lost', status: null };
    const answer = readLogin(await http.exchange(request).catch(() => interrupted), clock.now());
    await gate.leave(passage, answer.kind === 'token' ? null : answer.hold);
    if (answer.kind !== 'token') {
      const { reason, ending, status, hold } = answer;
      const retryAfterS = hold === null ? null : Math.ceil(hold.forMs / 1000);
      metrics.count('sign_ins', { result: answer.kind });
      const fields = { key_fingerprint: fingerprint, reason, status, retry_after_s: retryAfterS };
      if (answer.kind === 'refused') {
        deps.keyUse?.note('current', password, false);
        logger.error('sign_in_refused', fields);
      } else logger.error('sign_in_failed', fields);
      return { ...notSent(ending, retryAfterS), upstreamStatus: status };
    }
    const { token, searched, lifetimeMs } = answer;
    const gotAtMs = clock.now();
    metrics.count('sign_ins', { result: 'accepted' });
    logger.info('signed_in', { key_fingerprint: fingerprint, valid_for_s: Math.floor(lifetimeMs / 1000) });
    const got: HeldToken = {
      ...{ kind: 'token', token, searched, password, fingerprint, gotAtMs },
      renewAtMs: gotAtMs + lifetimeMs - Math.min(RENEW_BEFORE_MS, lifetimeMs / 4),
      endsAtMs: gotAtMs + lifetimeMs - Math.min(USE_UNTIL_BEFORE_MS, lifetimeMs / 8),
    };
    // Another password has come meanwhile: only the requests that wait for this token use it.
    if (login?.password !== password) remember(searched);
    else keep(got);
    return got;
  }

  function keep(next: HeldToken | null): void {
    if (held !== null) remember(held.searched);
    held = next;
  }

  function remember(token: Secret): void {
    earlier = [token, ...earlier].slice(0, EARLIER_TOKENS);
  }

  /** A request with another password must not get the verdict on this one. */
  function signInOnce(password: Secret, withinMs: number): Promise<HeldToken | NotSent | null> {
    if (login?.password !== password) login = { password, once: createSharedTask(signIn, deps) };
    return login.once(password, withinMs);
  }

  /** A token that may be used now; null when there is none. */
  function usable(password: Secret): HeldToken | null {
    const nowMs = clock.now();
    if (held === null || held.password !== password || nowMs >= held.endsAtMs) return null;
    if (nowMs >= held.renewAtMs && nowMs >= renewalRestsUntilMs) {
      renewalRestsUntilMs = nowMs + REST_MS;
      background.run(signInOnce(password, deadlines.totalMs + GATE_PATIENCE_MS));
    }
    return held;
  }

  async function obtain(password: Secret, withinMs: number): Promise<HeldToken | NotSent> {
    return (await signInOnce(password, withinMs)) ?? notSent('sign_in_failed', null);
  }

  function searchFor(password: Secret): (text: string) => boolean {
    const tokens = held === null ? earlier : [held.searched, ...earlier];
    return createKeySearch([...formsOfPassword(password, username), ...tokens]);
  }

  return {
    async credentials() {
      const { current: password } = await secrets.galileoKeys();
      const used: Secret[] = [];
      const toCredential = (found: HeldToken | NotSent): Credential | NotSent => {
        if (found.kind !== 'token') return found;
        used.push(found.searched);
        return {
          ...{ scheme: 'password', slot: 'current', fingerprint: found.fingerprint },
          ...{ secret: found.password, token: found.token },
        };
      };
      return {
        holdsSecret: (text) => searchFor(password)(text) || createKeySearch(used)(text),
        first: async (withinMs) => toCredential(usable(password) ?? (await obtain(password, withinMs))),
        async afterRejection(rejected, withinMs) {
          const token = rejected.scheme === 'password' ? rejected.token : null;
          const now = usable(password);
          // Another request has replaced it already.
          if (now !== null && now.token !== token) return toCredential(now);
          const ageMs = clock.now() - (now?.gotAtMs ?? -Infinity);
          if (ageMs >= 0 && ageMs < REST_MS) return null;
          const found = await obtain(password, withinMs);
          // Token and password are refused, so nothing more is sent with either.
          if (found.kind !== 'token' && found.reason === 'sign_in_refused' && held?.token === token) keep(null);
          return toCredential(found);
        },
      };
    },
    async secretSearch() {
      const keys = await secrets.galileoKeys().catch(() => null);
      return keys === null ? null : searchFor(keys.current);
    },
  };
}
