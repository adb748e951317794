import { inspect } from 'node:util';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SignInLedger } from '../../../../src/ledger/sign-in-hold.ts';
import type { Credential } from '../../../../src/upstream/credentials.ts';
import { isCredential } from '../../../../src/upstream/credentials.ts';
import type { NotSent } from '../../../../src/upstream/failure.ts';
import { createFakeClock, createFakeIds, promisesSettled } from '../../../support/clock.ts';
import type { FakeClock } from '../../../support/clock.ts';
import { disguises } from '../../../support/key-disguises.ts';
import { createMemoryLedger } from '../../../support/ledger/memory-ledger.ts';
import { ACCOUNT } from '../../../support/sign-in.ts';
import { createLogins, createSignInProcess } from '../../../support/sign-in-harness.ts';
import type { ScriptedLogins, SignInProcess } from '../../../support/sign-in-harness.ts';
import { answered } from '../../../support/upstream.ts';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
const WITHIN_MS = 15_000;
const WRONG = 'wrong-password-0123456789';
const OLD_TOKEN = 'token-of-the-old-password';

let clock: FakeClock;
let ledger: SignInLedger;
let http: ScriptedLogins;
beforeEach(() => {
  clock = createFakeClock();
  ledger = createMemoryLedger({ clock, ids: createFakeIds() });
  http = createLogins(clock);
});

const start = (options: Partial<Parameters<typeof createSignInProcess>[0]> = {}) =>
  createSignInProcess({ scheme: 'password', clock, ledger, http, ...options });
const first = async ({ credentials }: SignInProcess) => (await credentials.credentials()).first(WITHIN_MS);

function tokenIn(found: Credential | NotSent): string {
  if (!isCredential(found) || found.scheme !== 'password') throw new Error('no token');
  return found.token.reveal();
}

describe('a token', () => {
  it('is asked for with a form at /login under GALILEO_API_URL, and used until it is nearly over', async () => {
    const process = start();
    const token = tokenIn(await first(process));
    expect(http.logins).toMatchObject([
      {
        method: 'POST',
        url: 'https://galileo.example/eu/login',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      },
    ]);
    expect(Object.fromEntries(new URLSearchParams(String(http.logins[0]?.body)))).toEqual({
      grant_type: 'password',
      ...ACCOUNT,
    });
    clock.advance(DAY_MS - 11 * 60_000);
    expect(tokenIn(await first(process))).toBe(token);
    expect(http.logins).toHaveLength(1);
  });

  it('is renewed ahead of time, behind a request that still uses the old one', async () => {
    const process = start();
    const old = tokenIn(await first(process));
    clock.advance(DAY_MS - 9 * 60_000);
    expect(tokenIn(await first(process))).toBe(old);
    await promisesSettled();
    expect(http.logins).toHaveLength(2);
    expect(tokenIn(await first(process))).not.toBe(old);
  });

  it.each([
    ['its own times, when it is a JWT', 3600, 3600],
    ['a day, when it does not say it', null, 24 * 3600],
  ])('is valid by %s', async (_name, lifetimeS, expectedS) => {
    http.account.setLifetime(lifetimeS);
    const process = start();
    const old = tokenIn(await first(process));
    clock.advance(expectedS * 1000 - 31_000);
    expect(tokenIn(await first(process))).toBe(old);
    await promisesSettled();
    clock.advance(2000);
    expect(tokenIn(await first(process))).not.toBe(old);
  });

  it('is not believed to be over because this machine’s clock is a year ahead', async () => {
    http.account.setClock(() => clock.now() - 365 * DAY_MS);
    const process = start();
    const token = tokenIn(await first(process));
    clock.advance(HOUR_MS);
    expect(tokenIn(await first(process))).toBe(token);
  });

  it.each([
    ['the date of the answer, where it has no time of issue', { exp: 3600 }, {}],
    ['expires_in, where it is no JWT', null, { expires_in: 3600 }],
    ['the claims rather than expires_in', { exp: 3600, iat: 0 }, { expires_in: 60 }],
  ])('is valid by %s, also when this machine’s clock is two hours ahead', async (_name, claims, members) => {
    const serverS = clock.now() / 1000 - 7200;
    http.scriptLogin(() => {
      const times = Object.fromEntries(Object.entries(claims ?? {}).map(([name, after]) => [name, serverS + after]));
      const payload = Buffer.from(JSON.stringify(times)).toString('base64url');
      const token = claims === null ? 'opaque-0123456789abcdef' : `eyJhbGciOiJIUzI1NiJ9.${payload}.c2lnbmF0dXJl`;
      const date = new Date(serverS * 1000).toUTCString();
      return answered(200, { access_token: token, token_type: null, ...members }, { date });
    });
    const process = start();
    await first(process);
    clock.advance(3600_000 - 11 * 60_000);
    await first(process);
    await promisesSettled();
    expect(http.logins).toHaveLength(1);
    clock.advance(11 * 60_000);
    await first(process);
    expect(http.logins).toHaveLength(2);
  });

  it.each([true, false])('is fetched once for ten requests at the same time (promises shared: %s)', async (shares) => {
    const process = start({ canAwaitAcrossRequests: shares });
    const released = Promise.withResolvers<void>();
    http.scriptLogin(async (login) => {
      await released.promise;
      return answered(200, http.account.login(String(login.body)).body);
    });
    const all = Array.from({ length: 10 }, () => first(process));
    await promisesSettled();
    released.resolve();
    await clock.pass(200);
    const tokens = (await Promise.all(all)).map(tokenIn);
    expect([new Set(tokens).size, http.logins.length]).toEqual([1, 1]);
  });

  it('that Galileo rejects is replaced by one login for all requests that met it', async () => {
    const process = start();
    const opened = await Promise.all(Array.from({ length: 10 }, () => process.credentials.credentials()));
    const old = await Promise.all(opened.map(async (one) => await one.first(WITHIN_MS)));
    clock.advance(2 * 60_000);
    http.account.expireTokens();
    const next = await Promise.all(opened.map((one, n) => one.afterRejection(old[n] as Credential, WITHIN_MS)));
    expect(new Set(next.map((found) => tokenIn(found as Credential))).size).toBe(1);
    expect(http.logins).toHaveLength(2);
  });

  it('that is new and rejected at once is not replaced: the next one would be rejected, too', async () => {
    const process = start();
    const opened = await process.credentials.credentials();
    const credential = (await opened.first(WITHIN_MS)) as Credential;
    expect(await opened.afterRejection(credential, WITHIN_MS)).toBeNull();
    clock.advance(60_000);
    expect(tokenIn((await opened.afterRejection(credential, WITHIN_MS)) as Credential)).toMatch(/^eyJ/);
    expect(http.logins).toHaveLength(2);
  });

  it('is fetched anew as soon as there is another password', async () => {
    const process = start();
    const old = tokenIn(await first(process));
    const next = 'another-password-77aa41c0';
    http.account.setPassword(next);
    process.setPassword(next);
    expect(tokenIn(await first(process))).not.toBe(old);
    expect(new URLSearchParams(String(http.logins[1]?.body)).get('password')).toBe(next);
  });

  it.each([
    ['is refused', answered(401), { reason: 'sign_in_refused' }],
    ['gives a token', answered(200, { access_token: OLD_TOKEN, token_type: 'bearer' }), { scheme: 'password' }],
  ])('is asked for with a new password at once, while a login with the old one %s', async (_name, answer, ends) => {
    const process = start({ password: WRONG });
    const released = Promise.withResolvers<void>();
    http.scriptLogin(async (login) => {
      if (new URLSearchParams(String(login.body)).get('password') !== WRONG)
        return answered(200, http.account.login(String(login.body)).body);
      await released.promise;
      return answer;
    });
    const old = first(process);
    await promisesSettled();
    process.setPassword(ACCOUNT.password);
    const token = tokenIn(await first(process));
    expect(token).toMatch(/^eyJ/);
    released.resolve();
    expect(await old).toMatchObject(ends);
    expect(tokenIn(await first(process))).toBe(token);
    clock.advance(DAY_MS);
    expect(tokenIn(await first(process))).not.toBe(token);
    // The request with the old password may still be under way.
    const search = await process.credentials.secretSearch();
    if ('scheme' in ends) expect(search?.(OLD_TOKEN)).toBe(true);
  });

  it.each([
    ['no JSON', answered(200, '<html>')],
    ['no token', answered(200, { token_type: 'bearer' })],
    ['another type of token', answered(200, { access_token: 'x'.repeat(32), token_type: 'mac' })],
    ['a token that fits in no field', answered(200, { access_token: 'x\r\nEvil: 1'.padEnd(32), token_type: 'bearer' })],
  ])('is not taken from an answer with %s', async (_name, answer) => {
    http.scriptLogin(() => answer);
    expect(await first(start())).toMatchObject({ kind: 'not_sent', reason: 'sign_in_failed', retryAfterS: 60 });
  });
});

describe('a refused login', () => {
  it.each([
    ['whose answer is cut', { kind: 'maybe_sent', reason: 'connection_lost', status: 401 }],
    ['with a long page', { kind: 'maybe_sent', reason: 'response_too_large', status: 400 }],
  ] as const)('%s counts for the account like any other', async (_name, answer) => {
    http.scriptLogin(() => answer);
    const process = start();
    expect(await first(process)).toMatchObject({ kind: 'not_sent', reason: 'sign_in_refused', retryAfterS: 3600 });
    clock.advance(HOUR_MS - 1000);
    expect(await first(process)).toMatchObject({ kind: 'not_sent', reason: 'sign_in_refused', retryAfterS: 1 });
    expect(http.logins).toHaveLength(1);
  });

  it('is not repeated for an hour, by any process that shares the ledger', async () => {
    const processes = Array.from({ length: 5 }, () => start({ password: WRONG }));
    for (const process of processes)
      expect(await first(process)).toMatchObject({ kind: 'not_sent', reason: 'sign_in_refused' });
    expect(http.logins).toHaveLength(1);
    clock.advance(HOUR_MS - 1000);
    expect(await first(processes[3]!)).toMatchObject({ reason: 'sign_in_refused', retryAfterS: 1 });
    expect(http.logins).toHaveLength(1);
    clock.advance(1000);
    const all = Promise.all(processes.map((process) => first(process)));
    await clock.pass(1000);
    await all;
    expect(http.logins).toHaveLength(2);
  });

  it('leaves the account unlocked after a day in which five processes met many requests', async () => {
    const processes = Array.from({ length: 5 }, () => start({ password: WRONG }));
    for (let hours = 0; hours < 24; hours += 1) {
      for (const process of processes) await Promise.all([first(process), first(process)]);
      clock.advance(HOUR_MS);
    }
    expect(http.logins).toHaveLength(24);
  });

  it('is made once when many processes start at the same time with a wrong password', async () => {
    const processes = Array.from({ length: 8 }, () => start({ password: WRONG }));
    const released = Promise.withResolvers<void>();
    http.scriptLogin(async (login) => {
      await released.promise;
      const { status, body } = http.account.login(String(login.body));
      return answered(status, body);
    });
    const all = processes.map((process) => first(process));
    await promisesSettled();
    released.resolve();
    await clock.pass(1000);
    const found = await Promise.all(all);
    expect(found.map((one) => ('reason' in one ? one.reason : 'token'))).toEqual(Array(8).fill('sign_in_refused'));
    expect(http.logins).toHaveLength(1);
  });

  it('holds nothing back once the password is another one', async () => {
    const process = start({ password: WRONG });
    await first(process);
    process.setPassword(ACCOUNT.password);
    expect(tokenIn(await first(process))).toMatch(/^eyJ/);
  });

  it.each([{ error: 'invalid_grant' }, { detail: 'Incorrect password' }, { standard_error: { message: 'locked' } }])(
    'that comes as a success with an error in it is one, too: %j',
    async (body) => {
      http.scriptLogin(() => answered(200, body));
      const process = start();
      expect(await first(process)).toMatchObject({ reason: 'sign_in_refused', retryAfterS: 3600 });
      clock.advance(HOUR_MS - 1000);
      expect(await first(process)).toMatchObject({ reason: 'sign_in_refused', retryAfterS: 1 });
      expect(http.logins).toHaveLength(1);
    },
  );

  it('after a rejected token is the end of both: nothing is sent until the hour is over', async () => {
    const process = start();
    const opened = await process.credentials.credentials();
    const credential = (await opened.first(WITHIN_MS)) as Credential;
    clock.advance(2 * 60_000);
    http.account.expireTokens();
    http.account.setPassword('another-password-77aa41c0');
    expect(await opened.afterRejection(credential, WITHIN_MS)).toMatchObject({ reason: 'sign_in_refused' });
    clock.advance(60_000);
    expect(await first(process)).toMatchObject({ kind: 'not_sent', reason: 'sign_in_refused', retryAfterS: 3540 });
    const search = await process.credentials.secretSearch();
    expect(search?.(tokenIn(credential))).toBe(true);
    expect(http.logins).toHaveLength(2);
  });

  it('is still known when the ledger could not take it: nothing is tried before it is on record', async () => {
    let isDown = true;
    const failing: SignInLedger = {
      ...ledger,
      endSignIn: (end) => (isDown ? Promise.reject(new Error('disk full')) : ledger.endSignIn(end)),
    };
    const process = start({ password: WRONG, ledger: failing });
    await first(process);
    clock.advance(5 * 60_000);
    expect(await first(process)).toMatchObject({ reason: 'sign_in_failed' });
    isDown = false;
    expect(await first(process)).toMatchObject({ reason: 'sign_in_refused' });
    expect(await first(start({ password: WRONG }))).toMatchObject({ reason: 'sign_in_refused' });
    expect(http.logins).toHaveLength(1);
  });

  it('does not happen while the ledger cannot say whether one may be tried', async () => {
    const down = async (): Promise<never> => {
      throw new Error('no ledger');
    };
    for (const broken of [{ signInSalt: down }, { claimSignIn: down }])
      expect(await first(start({ ledger: { ...ledger, ...broken } }))).toMatchObject({ reason: 'sign_in_failed' });
    expect(http.logins).toEqual([]);
  });
});

describe('a login without a verdict', () => {
  it.each([
    ['a server error', answered(503), 'sign_in_failed', 10],
    [
      'a redirect, which is not followed',
      answered(307, '', { location: 'https://evil.example/' }),
      'sign_in_failed',
      60,
    ],
    ['an answer of another server', answered(404, { detail: 'Not Found' }), 'wrong_address', 60],
    ['a rate limit', answered(429, {}, { 'retry-after': '300' }), 'rate_limited', 300],
    ['a cut connection', { kind: 'maybe_sent', reason: 'connection_lost', status: null }, 'sign_in_failed', 60],
    ['a cut server error', { kind: 'maybe_sent', reason: 'connection_lost', status: 502 }, 'sign_in_failed', 60],
    ['a cut rate limit', { kind: 'maybe_sent', reason: 'connection_lost', status: 429 }, 'sign_in_failed', 60],
    ['a connection that was refused', { kind: 'not_sent', reason: 'connect_failed' }, 'connect_failed', null],
  ] as const)('%s is tried again after its time, and not before', async (_name, answer, reason, waitS) => {
    http.scriptLogin(() => answer);
    const process = start();
    expect(await first(process)).toMatchObject({ kind: 'not_sent', reason, retryAfterS: waitS });
    http.scriptLogin(null);
    if (waitS !== null) {
      clock.advance(waitS * 1000 - 1000);
      expect(await first(process)).toMatchObject({ kind: 'not_sent', reason: 'sign_in_failed', retryAfterS: 1 });
      clock.advance(1000);
    }
    expect(tokenIn(await first(process))).toMatch(/^eyJ/);
  });
});

describe('the password and the token', () => {
  it('are found in a text in every rendering', async () => {
    const process = start();
    const opened = await process.credentials.credentials();
    const token = tokenIn(await opened.first(WITHIN_MS));
    const search = await process.credentials.secretSearch();
    const secretPart = token.slice(token.indexOf('.') + 1);
    const basic = Buffer.from(`${ACCOUNT.username}:${ACCOUNT.password}`).toString('base64');
    const form = String(http.logins[0]?.body);
    for (const [name, text] of [
      ...disguises(ACCOUNT.password),
      ...disguises(secretPart),
      ['basic', basic],
      ['form', form],
    ]) {
      expect([name, opened.holdsSecret(text)]).toEqual([name, true]);
      expect([name, search?.(text)]).toEqual([name, true]);
    }
    expect(opened.holdsSecret('eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9')).toBe(false);
    expect(opened.holdsSecret(ACCOUNT.username)).toBe(false);
  });

  it('are in no log line, no metric and no printed object', async () => {
    const process = start();
    const credential = await first(process);
    const token = tokenIn(credential);
    await first(start({ password: WRONG }));
    const shown =
      inspect([process, credential], { depth: 10, showHidden: true }) +
      JSON.stringify([process.logger.lines, process.metrics.samples, credential]);
    for (const secret of [ACCOUNT.password, token.slice(40), ACCOUNT.username]) expect(shown).not.toContain(secret);
  });

  it('have a fingerprint that depends on the salt of the ledger, and one in 65,536 passwords shares', async () => {
    const { fingerprint } = (await first(start())) as Credential;
    expect(fingerprint).toMatch(/^[0-9a-f]{12}$/);
    const other = { ...ledger, signInSalt: async () => '6b'.repeat(32) };
    expect(((await first(start({ ledger: other }))) as Credential).fingerprint).not.toBe(fingerprint);
  });
});
