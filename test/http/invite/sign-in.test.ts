/** Invites of a service that signs in to Galileo with a user name and a password. */
import { describe, expect, it } from 'vitest';
import type { AuthScheme } from '../../../src/upstream/credentials.ts';
import { startTestService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { ACCOUNT } from '../../support/sign-in.ts';

const HOUR_MS = 60 * 60_000;
const MINUTE_MS = 60_000;
const SCHEMES: readonly AuthScheme[] = ['basic', 'password'];

const person = (n: number) => ({ emails: [`p${n}@acme.com`] });
const attemptsOf = async (service: TestService) => (await service.records()).at(-1)?.outcome.attempts ?? [];

describe.each(SCHEMES)('with GALILEO_AUTH=%s an invite', (scheme) => {
  it('is sent, and its record names the scheme and a fingerprint that is not a hash of the password alone', async () => {
    const service = await startTestService({ scheme });
    expect((await service.invite(person(1))).status).toBe(200);
    expect(service.galileo.received).toMatchObject([{ scheme, keyIndex: 0 }]);
    const [attempt] = await attemptsOf(service);
    expect(attempt).toMatchObject({ scheme, slot: 'current', result: 'answered', status: 200 });
    const other = await startTestService({
      scheme,
      wrapLedger: (ledger) => ({ ...ledger, signInSalt: async () => '6b'.repeat(32) }),
    });
    await other.invite(person(1));
    expect((await attemptsOf(other))[0]?.key_fingerprint).not.toBe(attempt?.key_fingerprint);
  });

  it('is a 502 that names this service when Galileo refuses the password, and the account is not locked', async () => {
    const service = await startTestService({ scheme });
    service.galileo.account?.setPassword('the-right-one-77aa41c05d9e');
    for (let n = 0; n < 20; n += 1) {
      const response = await service.invite(person(n), { headers: { 'Idempotency-Key': 'a-key-of-the-caller-1' } });
      expect(response.status).toBe(502);
      expect(await response.json()).toMatchObject({ code: 'upstream_credentials_rejected', outcome: 'not_sent' });
    }
    const tried = scheme === 'basic' ? service.galileo.received : service.galileo.logins;
    expect(tried).toHaveLength(1);
    expect(service.galileo.account?.isLocked()).toBe(false);
    service.clock.advance(HOUR_MS);
    service.galileo.account?.setPassword(ACCOUNT.password);
    const response = await service.invite(person(1), { headers: { 'Idempotency-Key': 'a-key-of-the-caller-1' } });
    expect(response.status).toBe(200);
    expect(tried).toHaveLength(scheme === 'basic' ? 2 : 2);
  });

  it('says when the next attempt is, and leaves quota and key free', async () => {
    const service = await startTestService({ scheme });
    service.galileo.account?.setPassword('the-right-one-77aa41c05d9e');
    await service.invite(person(1));
    service.clock.advance(20 * MINUTE_MS);
    const response = await service.invite(person(2));
    expect(response.headers.get('Retry-After')).toBe(String(40 * 60));
    expect(response.headers.get('RateLimit')).toContain('r=50');
    const { outcome } = (await service.records()).at(-1) ?? {};
    expect(outcome).toMatchObject({ result: 'not_sent', reason: 'sign_in_refused', attempts: [] });
  });
});

describe('with a token', () => {
  it('that is no longer valid, an invite is sent again with the same bytes and a new token', async () => {
    const service = await startTestService({ scheme: 'password' });
    await service.invite(person(1));
    service.clock.advance(2 * MINUTE_MS);
    service.galileo.account?.expireTokens();
    expect((await service.invite(person(2))).status).toBe(200);
    const [, first, second] = service.galileo.received;
    expect(second?.sha256).toBe(first?.sha256);
    expect(second?.headers['authorization']).not.toBe(first?.headers['authorization']);
    expect((await attemptsOf(service)).map(({ status }) => status)).toEqual([401, 200]);
    expect(service.galileo.logins).toHaveLength(2);
  });

  it('that is no longer valid, ten invites at the same time make one login', async () => {
    const service = await startTestService({ scheme: 'password' });
    await service.invite(person(0));
    for (const expire of [() => service.galileo.account?.expireTokens(), () => service.clock.advance(25 * HOUR_MS)]) {
      service.clock.advance(2 * MINUTE_MS);
      expire();
      const before = service.galileo.logins.length;
      const all = await Promise.all(Array.from({ length: 10 }, (_, n) => service.invite(person(n))));
      expect(all.map(({ status }) => status)).toEqual(Array(10).fill(200));
      expect(service.galileo.logins.length - before).toBe(1);
    }
  });

  it('that cannot be had, because /login fails, an invite is a 503 and is not sent', async () => {
    const service = await startTestService({ scheme: 'password' });
    service.galileo.scriptLogin({ kind: 'answer', status: 503, body: 'down' });
    const response = await service.invite(person(1));
    expect(response.status).toBe(503);
    expect(response.headers.get('Retry-After')).toBe('10');
    expect(await response.json()).toMatchObject({ code: 'upstream_unavailable', origin: 'proxy', outcome: 'not_sent' });
    expect(service.galileo.received).toEqual([]);
    service.galileo.scriptLogin(null);
    service.clock.advance(10_000);
    expect((await service.invite(person(1))).status).toBe(200);
  });

  it.each(['success', 'detail_string', 'header', 'standard_error', 'detail_list'] as const)(
    'that Galileo repeats (%s), it is in no answer, no record and no log line',
    async (shape) => {
      for (const scheme of SCHEMES) {
        const service = await startTestService({ scheme });
        service.galileo.script({ kind: 'echo', status: shape === 'success' ? 200 : 403, shape });
        const response = await service.invite(person(1));
        const said = [
          await response.text(),
          JSON.stringify([...response.headers]),
          JSON.stringify(await service.records()),
        ];
        const authorization = service.galileo.received[0]?.headers['authorization']?.replace(/^\w+ /, '') ?? '';
        for (const text of [...said, service.logLines.join('\n')])
          for (const secret of [ACCOUNT.password, authorization.slice(-40)]) expect(text).not.toContain(secret);
      }
    },
  );
});
