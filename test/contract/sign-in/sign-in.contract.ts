/**
 * Signing in to Galileo with a password, over every ledger that a deployment may have: what replicas and isolates know of
 * each other's attempts is in the ledger alone, so an account does not lock. Several processes share one ledger, each by a
 * client of its own, and a clock that the test moves.
 */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SignInLedger } from '../../../src/ledger/sign-in-hold.ts';
import { isCredential } from '../../../src/upstream/credentials.ts';
import { buildCurrentUserRequest } from '../../../src/upstream/request.ts';
import { deadlinesOf } from '../../../src/upstream/deadline.ts';
import { createFakeClock, createFakeIds } from '../../support/clock.ts';
import type { FakeClock } from '../../support/clock.ts';
import { ACCOUNT } from '../../support/sign-in.ts';
import { createLogins, createSignInProcess } from '../../support/sign-in-harness.ts';
import type { SignInProcess } from '../../support/sign-in-harness.ts';

export interface SharedSignInLedger {
  /** Clients of one and the same ledger. */
  readonly clients: readonly SignInLedger[];
  close(): Promise<void>;
}

export type OpenSignInLedger = (deps: {
  readonly clock: FakeClock;
  readonly ids: ReturnType<typeof createFakeIds>;
}) => Promise<SharedSignInLedger>;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const CHANGED = 'the-right-one-77aa41c05d9e';

export function describeSignIn(name: string, open: OpenSignInLedger): void {
  describe.each(['basic', 'password'] as const)(`${name}, with GALILEO_AUTH=%s`, (scheme) => {
    async function setup() {
      const clock = createFakeClock();
      const shared = await open({ clock, ids: createFakeIds(5_000) });
      onTestFinished(() => shared.close());
      const logins = createLogins(clock);
      let attempts = 0;
      const start = (at: number, password = ACCOUNT.password): SignInProcess => {
        const ledger = shared.clients[at % shared.clients.length];
        if (ledger === undefined) throw new Error('the ledger has no client');
        return createSignInProcess({ scheme, clock, ledger, http: logins, password });
      };
      /** One request of this process, and what came of its sign-in. */
      async function request({ credentials }: SignInProcess): Promise<string> {
        const ofRequest = await credentials.credentials();
        const found = await ofRequest.first(0);
        if (!isCredential(found)) return found.reason;
        const { headers } = buildCurrentUserRequest({
          ...{ url: 'https://galileo.example/eu/v2/current_user', credential: found },
          ...{ deadlines: deadlinesOf(1000), version: '0.0.0-test' },
        });
        attempts += 1;
        const isAccepted = logins.account.schemeOf(headers) === scheme;
        await ofRequest.report?.(found, isAccepted ? 'accepted' : 'rejected');
        return isAccepted ? 'accepted' : 'rejected';
      }
      return {
        ...{ clock, account: logins.account, start, request },
        /** Passwords that Galileo was shown. */
        shown: () => (scheme === 'basic' ? attempts : logins.logins.length),
      };
    }

    it('a refused password is tried once an hour, by all replicas together, and the account does not lock', async () => {
      const { clock, account, start, request, shown } = await setup();
      account.setPassword(CHANGED);
      const replicas = [0, 1, 2, 3].map((at) => start(at));
      const attemptsAt: number[] = [];
      for (let minute = 0; minute <= 190; minute += 10) {
        for (const replica of replicas) {
          const before = shown();
          await request(replica);
          if (shown() > before) attemptsAt.push(minute);
        }
        clock.advance(10 * MINUTE_MS);
      }
      expect(attemptsAt).toEqual([0, 60, 120, 180]);
      expect(account.isLocked()).toBe(false);
    });

    it('a refusal outlives the process, and is known to one that starts later', async () => {
      const { clock, account, start, request, shown } = await setup();
      account.setPassword(CHANGED);
      await request(start(0));
      clock.advance(HOUR_MS - 1000);
      expect([await request(start(0)), await request(start(1)), shown()]).toEqual([
        'sign_in_refused',
        'sign_in_refused',
        1,
      ]);
    });

    it('another password is tried at once, by every replica', async () => {
      const { account, start, request } = await setup();
      account.setPassword(CHANGED);
      const replicas = [0, 1].map((at) => start(at));
      for (const replica of replicas) await request(replica);
      for (const replica of replicas) {
        replica.setPassword(CHANGED);
        expect(await request(replica)).toBe('accepted');
      }
    });

    it('a password has one fingerprint in all replicas', async () => {
      const { start } = await setup();
      const prints: string[] = [];
      for (const at of [0, 1, 2]) {
        const credentials = await start(at).credentials.credentials();
        const found = await credentials.first(0);
        if (!isCredential(found)) throw new Error(found.reason);
        await credentials.report?.(found, 'accepted');
        prints.push(found.fingerprint);
      }
      expect(prints).toEqual(Array.from({ length: 3 }, () => expect.stringMatching(/^[0-9a-f]{12}$/)));
      expect(new Set(prints).size).toBe(1);
    });
  });
}
