/** Doctor with GALILEO_AUTH=basic and password: does the password work, with what role, and is no account locked? */
import { describe, expect, it } from 'vitest';
import type { SignIns } from '../../../../src/platform/node/ledger/sign-ins.ts';
import type { HttpExchange, HttpResult } from '../../../../src/ports/http.ts';
import { passwordFingerprint } from '../../../../src/upstream/api-keys.ts';
import { Secret } from '../../../../src/lib/secret.ts';
import { accountOf } from '../../../../src/upstream/sign-in/secret-fingerprint.ts';
import { disguises } from '../../../support/key-disguises.ts';
import { ACCOUNT } from '../../../support/sign-in.ts';
import { answer, runCommand } from '../cli-harness.ts';
import type { HarnessOptions } from '../cli-harness.ts';
import { createCliGalileo, SIGN_IN_ENVS } from '../galileo-harness.ts';

interface Report {
  readonly checks: readonly {
    readonly id: string;
    readonly status: string;
    readonly message: string;
    readonly remedy: string | null;
    readonly details: Record<string, unknown> | null;
  }[];
}

const SALT = 'ab'.repeat(32);
const PRINT = passwordFingerprint(new Secret(ACCOUNT.password), {
  salt: SALT,
  account: accountOf({ baseUrl: 'https://api.galileo.ai', username: ACCOUNT.username }),
});

function signIns(hold: ReturnType<SignIns['holdOf']>): SignIns {
  return { salt: SALT, holdOf: (fingerprint) => (fingerprint === PRINT ? hold : null) };
}

describe.each(['basic', 'password'] as const)('doctor with GALILEO_AUTH=%s', (scheme) => {
  const path = scheme === 'basic' ? 'GET /v2/current_user' : 'POST /login';

  async function doctor(
    options: HarnessOptions = {},
    special: (request: HttpExchange) => HttpResult | null = () => null,
    prepare: (galileo: ReturnType<typeof createCliGalileo>) => void = () => undefined,
  ) {
    const galileo = createCliGalileo();
    prepare(galileo);
    const ran = await runCommand(['doctor', '--json'], {
      env: SIGN_IN_ENVS[scheme],
      answer: (request) => special(request) ?? galileo.answer(request),
      ...options,
    });
    const { checks } = JSON.parse(ran.stdout) as Report;
    const found = checks.find(({ id }) => id === 'galileo-sign-in');
    return { ...ran, galileo, checks, found };
  }

  it('says that the password works, with what role, and names it by its fingerprint in the ledger', async () => {
    const { code, found, checks, galileo } = await doctor({ deps: { readSignIns: async () => signIns(null) } });
    expect([code, found?.status, found?.message]).toEqual([0, 'ok', 'is accepted with the role admin']);
    expect(found?.details).toMatchObject({ key_fingerprint: PRINT, role: 'admin' });
    expect(checks.map(({ id }) => id)).not.toContain('galileo-key');
    expect(galileo.withSecret).toEqual([...(scheme === 'basic' ? [] : [path]), 'GET /v2/current_user']);
  });

  it('says so without a ledger, too', async () => {
    const { code, found } = await doctor();
    expect([code, found?.status, found?.details]).toMatchObject([0, 'ok', { key_fingerprint: null }]);
  });

  it('fails when Galileo refuses the password, after one attempt', async () => {
    const { code, found, galileo } = await doctor({}, undefined, ({ account }) =>
      account.setPassword('the-right-one-77aa41c05d9e'),
    );
    expect([code, found?.status]).toEqual([1, 'failed']);
    expect(found?.message).toMatch(/is refused by Galileo \(.*status 401\)/);
    expect(found?.remedy).toContain('locked');
    expect(galileo.withSecret).toEqual([path]);
  });

  it('does not try a password that was refused within the hour, and says when the service will', async () => {
    const { code, found, galileo } = await doctor({
      deps: { readSignIns: async () => signIns({ reason: 'refused', waitMs: 35 * 60_000 }) },
    });
    expect([code, found?.status, galileo.withSecret]).toEqual([1, 'failed', []]);
    expect(found?.message).toContain('is not tried again for 35 min');
    expect(found?.details).toEqual({ key_fingerprint: PRINT, retry_after_s: 35 * 60 });
  });

  it.each([
    ['over', { reason: 'refused', waitMs: 0 }],
    ['only of an attempt that is under way', { reason: 'attempt', waitMs: 9_000 }],
    ['only of an attempt without an answer', { reason: 'unanswered', waitMs: 9_000 }],
  ] as const)('tries it when the hold is %s', async (_, hold) => {
    const { found } = await doctor({ deps: { readSignIns: async () => signIns(hold) } });
    expect(found?.status).toBe('ok');
  });

  it('sends no password where something else than Galileo answers', async () => {
    const { found, asked } = await doctor({}, () =>
      answer(200, '<!doctype html><title>Console</title>', { 'content-type': 'text/html' }),
    );
    expect(found?.status).toBe('skipped');
    expect(asked.some(({ headers, body }) => 'authorization' in headers || body !== null)).toBe(false);
  });

  it('warns about a role that may not invite', async () => {
    const role = (request: HttpExchange) =>
      request.url.endsWith('/v2/current_user') && request.headers['authorization'] !== undefined
        ? answer(200, { id: '1', role: 'user' })
        : null;
    expect((await doctor({}, role)).found).toMatchObject({
      status: 'warning',
      message: expect.stringContaining('the role user'),
    });
  });

  it('shows no rendering of the password, whatever Galileo answers', async () => {
    const echo = ({ headers, body }: HttpExchange) =>
      headers['authorization'] === undefined && body === null
        ? null
        : answer(400, { detail: `${ACCOUNT.password} ${JSON.stringify(headers)} ${String(body)}` });
    const { stdout, stderr } = await doctor({}, echo);
    for (const [name, form] of disguises(ACCOUNT.password))
      for (const text of [stdout, stderr]) expect([name, text.includes(form)]).toEqual([name, false]);
  });
});

describe('doctor with GALILEO_AUTH=password', () => {
  it.each([
    ['a server error', answer(503, {}), 'server_error'],
    ['a web page', answer(200, '<html>'), 'unreadable'],
    ['a limit', answer(429, {}), 'rate_limited'],
    ['no answer', { kind: 'maybe_sent', reason: 'timeout', status: null }, 'timeout'],
  ] as const)('fails when the login gets %s, and does not call the password refused', async (_, result, reason) => {
    const galileo = createCliGalileo();
    const ran = await runCommand(['doctor', '--json'], {
      env: SIGN_IN_ENVS.password,
      answer: (request) => (request.url.endsWith('/login') ? result : galileo.answer(request)),
    });
    const found = (JSON.parse(ran.stdout) as Report).checks.find(({ id }) => id === 'galileo-sign-in');
    expect(found).toMatchObject({ status: 'failed', details: { reason } });
    expect(found?.message).not.toContain('refused');
  });
});
