import { beforeEach, describe, expect, it } from 'vitest';
import type { SignInLedger } from '../../../../src/ledger/sign-in-hold.ts';
import type { Credential, Credentials, CredentialVerdict } from '../../../../src/upstream/credentials.ts';
import { isCredential } from '../../../../src/upstream/credentials.ts';
import type { NotSent } from '../../../../src/upstream/failure.ts';
import { buildCurrentUserRequest } from '../../../../src/upstream/request.ts';
import { deadlinesOf } from '../../../../src/upstream/deadline.ts';
import { createAskUsers } from '../../../../src/upstream/users.ts';
import { createFakeClock, createFakeIds } from '../../../support/clock.ts';
import type { FakeClock } from '../../../support/clock.ts';
import { createMemoryLedger } from '../../../support/ledger/memory-ledger.ts';
import { ACCOUNT } from '../../../support/sign-in.ts';
import { createLogins, createSignInProcess } from '../../../support/sign-in-harness.ts';
import { createSendHarness, scriptHttp } from '../../../support/upstream.ts';

const HOUR_MS = 60 * 60_000;

let clock: FakeClock;
let ledger: SignInLedger;
beforeEach(() => {
  clock = createFakeClock();
  ledger = createMemoryLedger({ clock, ids: createFakeIds() });
});

const start = () => createSignInProcess({ scheme: 'basic', clock, ledger, http: createLogins(clock) });
type Process = ReturnType<typeof start>;

/** One request: null when it was held back. */
async function request({ credentials }: Process, verdict: CredentialVerdict): Promise<Credential | NotSent> {
  const opened = await credentials.credentials();
  const found = await opened.first(1000);
  if (isCredential(found)) {
    await opened.report?.(found, verdict);
    expect(await opened.afterRejection(found, 1000)).toBeNull();
  }
  return found;
}

const REFUSED = { kind: 'not_sent', reason: 'sign_in_refused' };

describe('a user name and password in each request', () => {
  it('are one field, as RFC 7617 writes it', async () => {
    const credential = await request(start(), 'accepted');
    if (!isCredential(credential)) throw new Error('held');
    const { headers } = buildCurrentUserRequest({
      ...{ url: 'https://galileo.example/v2/current_user', credential },
      ...{ deadlines: deadlinesOf(1000), version: '0' },
    });
    const { username, password } = ACCOUNT;
    expect(headers['authorization']).toBe(`Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`);
  });

  it('that Galileo refuses once hold every request of every process for an hour, and then one is tried', async () => {
    const [one, two] = [start(), start()];
    await request(one, 'accepted');
    await request(two, 'accepted');
    await request(one, 'rejected');
    for (const process of [one, two, start()]) expect(await request(process, 'accepted')).toMatchObject(REFUSED);
    clock.advance(HOUR_MS);
    const opened = await Promise.all([one, two, start()].map(({ credentials }) => credentials.credentials()));
    const tried = opened.map(async (each) => await each.first(0));
    expect((await Promise.all(tried)).filter(isCredential)).toHaveLength(1);
  });

  it('go out side by side once they were accepted, and one by one before', async () => {
    const process = start();
    const [one, two] = await Promise.all([process.credentials.credentials(), process.credentials.credentials()]);
    const found = (await one.first(1000)) as Credential;
    const waiting = two.first(1000);
    await clock.pass(200);
    await one.report?.(found, 'accepted');
    await clock.pass(200);
    const next = (await waiting) as Credential;
    expect(isCredential(next)).toBe(true);
    const three = await process.credentials.credentials();
    expect(isCredential(await three.first(1000))).toBe(true);
    await two.report?.(next, 'accepted');
  });

  it('are tried again at once after a request that proved nothing', async () => {
    const process = start();
    await request(process, 'unproven');
    expect(isCredential(await request(process, 'accepted'))).toBe(true);
  });

  it('are tried at once when the password is another one', async () => {
    const process = start();
    await request(process, 'rejected');
    process.setPassword('another-password-77aa41c0');
    expect(isCredential(await request(process, 'accepted'))).toBe(true);
  });

  it.each([
    ['is interrupted', 15_000, 'unknown'],
    ['has no time left when it may go', 0, 'not_sent'],
  ])('do not wait for a request that %s', async (_what, timeoutMs, kind) => {
    const process = start();
    const { send } = createSendHarness([new Error('interrupted')], {
      clock,
      credentials: spendingTime(process.credentials, 15_000 - timeoutMs),
    });
    expect(await send('{}')).toMatchObject({ kind });
    expect(isCredential(await (await process.credentials.credentials()).first(0))).toBe(true);
  });

  it('do not wait for a question about users that is interrupted', async () => {
    const process = start();
    const http = scriptHttp(new Error('interrupted'));
    const { credentials } = process;
    const baseUrl = 'https://galileo.example';
    const ask = createAskUsers({ http, credentials, baseUrl, deadlines: deadlinesOf(1000), version: '0' });
    expect(await ask(['ann@acme.com'])).toMatchObject({ kind: 'unanswered', reason: 'interrupted' });
    expect(isCredential(await (await process.credentials.credentials()).first(0))).toBe(true);
  });
});

/** The same credentials, each of which takes so long to get. */
function spendingTime(credentials: Credentials, ms: number): Credentials {
  return {
    ...credentials,
    async credentials() {
      const opened = await credentials.credentials();
      return {
        ...opened,
        async first(withinMs) {
          const found = await opened.first(withinMs);
          clock.advance(ms);
          return found;
        },
      };
    },
  };
}
