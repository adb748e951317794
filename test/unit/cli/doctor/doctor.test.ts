import { describe, expect, it } from 'vitest';
import type { CheckResult } from '../../../../src/cli/doctor/check.ts';
import { disguises } from '../../../support/key-disguises.ts';
import { TEST_TIME_MS } from '../../../support/clock.ts';
import type { HarnessOptions, Ran } from '../cli-harness.ts';
import {
  answer,
  GOOD_ENV,
  hasKey,
  ISSUER_URL,
  KEY,
  LEDGER,
  PIPE,
  POLICY,
  runCommand,
  startCommand,
} from '../cli-harness.ts';

interface Report {
  readonly status: string;
  readonly checks: readonly (CheckResult & { lines: string[]; details: Record<string, unknown> })[];
}

async function doctor(
  options: HarnessOptions = {},
): Promise<Ran & { report: Report; of(id: string): Report['checks'][number] }> {
  const ran = await runCommand(['doctor', '--json'], options);
  const report = JSON.parse(ran.stdout) as Report;
  const of = (id: string) => report.checks.find((check) => check.id === id)!;
  return { ...ran, report, of };
}

const down = (reason: 'connect_failed' | 'tls_failed' | 'name_not_resolved') => ({ kind: 'not_sent' as const, reason });

describe('doctor, where all is well', () => {
  it('finds every check ok, in a fixed order, and exits 0', async () => {
    const { code, report, stderr } = await doctor();
    expect([code, report.status, stderr]).toEqual([0, 'ok', '']);
    expect(report.checks.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'configuration ok',
      'issuer:corp ok',
      'policy ok',
      'ledger ok',
      'disk ok',
      'clock ok',
      'upstream ok',
      'galileo-key ok',
    ]);
  });

  it('shows one screen: a line a check, and a count', async () => {
    const { code, stdout } = await runCommand(['doctor']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}ok {7}Galileo key {4}is accepted with the role admin$/m);
    expect(stdout).toContain('8 ok · 0 warning · 0 failed · 0 skipped');
    expect(stdout.split('\n').length).toBeLessThan(25);
  });

  it('wraps what it says and what to do under its column', async () => {
    const terminal = { ...PIPE, width: () => 60 };
    const { stdout } = await runCommand(['doctor'], {
      deps: { terminal },
      answer: ({ url }) => (url.endsWith('/v2/current_user') ? answer(401, { detail: 'Invalid credentials' }) : null),
    });
    const lines = stdout.split('\n');
    const remedy = lines.findIndex((line) => line.startsWith('           → '));
    expect(lines.slice(remedy + 1, remedy + 2).join('')).toMatch(/^ {13}\S/);
    const [words] = lines.map((line) => line.replace(/\S{20,}/g, '')).toSorted((a, b) => b.length - a.length);
    expect(words!.length).toBeLessThanOrEqual(60);
  });

  it('invites nobody: it only asks with GET, the key going once and to Galileo alone', async () => {
    const { asked } = await doctor();
    expect(asked.every(({ method, body }) => method === 'GET' && body === null)).toBe(true);
    expect(asked.filter(hasKey).map(({ url }) => url)).toEqual(['https://api.galileo.ai/v2/current_user']);
    expect(asked.filter(({ url }) => url.startsWith(ISSUER_URL)).some(hasKey)).toBe(false);
  });

  it('shows the role and the permissions, and nothing else of the answer', async () => {
    const { of, stdout } = await doctor();
    expect(of('galileo-key').details).toMatchObject({ role: 'admin', permissions: ['update'] });
    for (const other of ['service-account', 'example.com', 'Account', '0d4c6a1e']) {
      expect(stdout.replaceAll(ISSUER_URL, '')).not.toContain(other);
    }
  });
});

describe('doctor, where something is wrong', () => {
  it.each([
    [
      'a wrong key',
      { answer: (r) => (hasKey(r) ? answer(401, { detail: 'Invalid credentials' }) : null) },
      'galileo-key',
      1,
    ],
    [
      'an issuer that is down',
      {
        answer: (r) => (r.url.startsWith(ISSUER_URL) ? down('connect_failed') : null),
        deps: { fetchDocument: async () => ({ kind: 'failed', reason: 'unreachable' }) },
      },
      'issuer:corp',
      1,
    ],
    [
      'an untrusted upstream',
      { answer: (r) => (r.url.includes('galileo') ? down('tls_failed') : null) },
      'upstream',
      1,
    ],
    ['a policy that does not load', { policy: 'version: 2' }, 'policy', 2],
    ['a refused setting', { env: { ...GOOD_ENV, PORT: 'x' } }, 'configuration', 2],
    [
      'a broken trail',
      {
        deps: {
          inspectLedger: async () => ({ ...LEDGER, tail: { kind: 'broken', index: 3, seq: 17, reason: 'edited' } }),
        },
      },
      'ledger',
      1,
    ],
    ['a full disk', { deps: { freeBytes: async () => 1024 } }, 'disk', 1],
    [
      'a clock that is off',
      { answer: (r) => (hasKey(r) ? null : answer(200, {}, { date: new Date(TEST_TIME_MS + 90_000).toUTCString() })) },
      'clock',
      1,
    ],
  ] as readonly (readonly [string, HarnessOptions, string, number])[])(
    'fails on %s, says how to fix it, and lets every other check end',
    async (_, options, id, code) => {
      const ran = await doctor(options);
      expect(ran.code).toBe(code);
      expect(ran.of(id).status).toBe('failed');
      expect(ran.of(id).remedy).toMatch(/\w{3}/);
      expect(ran.report.status).toBe('failed');
      const others = ran.report.checks.filter((check) => check.id !== id && check.status === 'failed');
      // When Galileo cannot be reached, the key cannot be tried either.
      expect(others.map((check) => check.id)).toEqual(id === 'upstream' ? ['galileo-key'] : []);
      const { stdout } = await runCommand(['doctor'], options);
      expect(stdout).toContain(`→ ${ran.of(id).remedy ?? ''}`);
    },
  );

  it.each([
    [
      'the console',
      'https://app.galileo.ai',
      answer(200, '<!doctype html>', { 'content-type': 'text/html' }),
      'api.galileo.ai',
    ],
    [
      'a doubled /v2',
      'https://api.galileo.ai/v2',
      answer(404, { detail: 'Not Found' }),
      'GALILEO_API_URL=https://api.galileo.ai.',
    ],
    [
      'a redirect',
      'https://galileo.acme.com',
      answer(302, '', { location: 'https://sso.acme.com/?a=b' }),
      'api.galileo.ai',
    ],
  ])('names %s as a wrong address, keeps the key from it, and exits 1', async (_, url, result, remedy) => {
    const { code, of, asked } = await doctor({
      env: { ...GOOD_ENV, GALILEO_API_URL: url },
      answer: (request) => (request.url.startsWith(url) ? result : null),
    });
    expect([code, of('upstream').status, of('galileo-key').status]).toEqual([1, 'failed', 'skipped']);
    expect(of('upstream').remedy).toContain(remedy);
    expect(asked.filter(hasKey)).toEqual([]);
  });

  it('exits 0 when all it has are warnings', async () => {
    const { code, report } = await doctor({ deps: { freeBytes: async () => 500 * 1024 ** 2 } });
    expect([code, report.status]).toEqual([0, 'warning']);
  });

  it('looks at what it can when the configuration is refused', async () => {
    const { code, of } = await doctor({ env: { GALILEO_API_KEY: KEY, LEDGER_URL: 'mysql:x' } });
    expect(code).toBe(2);
    expect(of('configuration').lines.join('\n')).toContain('AUTH_ISSUERS');
    expect([of('policy').status, of('ledger').status, of('disk').status]).toEqual(['skipped', 'skipped', 'skipped']);
    expect(of('galileo-key').status).toBe('ok');
  });

  it.each(['http://api.example.com', 'http://127.0.0.1:8082'])(
    'sends nothing to an upstream that the configuration refuses: %s',
    async (url) => {
      const { asked, of, code } = await doctor({ env: { ...GOOD_ENV, GALILEO_API_URL: url } });
      expect(asked.filter((request) => request.url.startsWith('http:') || hasKey(request))).toEqual([]);
      expect([of('upstream').status, of('galileo-key').status, code]).toEqual(['skipped', 'skipped', 2]);
    },
  );

  it('sends nothing to an issuer that the configuration refuses', async () => {
    const issuers = '[{"name":"corp","issuer":"http://login.example.com","audience":"b"}]';
    const fetched: string[] = [];
    const { asked, of } = await doctor({
      env: { ...GOOD_ENV, AUTH_ISSUERS: issuers },
      deps: {
        fetchDocument: async ({ url }) => {
          fetched.push(url);
          return { kind: 'failed', reason: 'unreachable' };
        },
      },
    });
    expect(of('issuer:corp').status).toBe('skipped');
    expect([...fetched, ...asked.filter(({ url }) => url.includes('login'))]).toEqual([]);
  });

  it('allows plain http on loopback with INSECURE_DEV=1, and warns of it', async () => {
    const { of } = await doctor({ env: { ...GOOD_ENV, INSECURE_DEV: '1', GALILEO_API_URL: 'http://127.0.0.1:8082' } });
    expect([of('configuration').status, of('upstream').status]).toEqual(['warning', 'ok']);
    expect(of('upstream').message).toContain('plain http');
  });

  it('tries the key to come as well; that it does not work yet is a warning', async () => {
    const next = 'nxt-9f8e7d6c5b4a39281706';
    const { of, code } = await doctor({
      env: { ...GOOD_ENV, GALILEO_API_KEY_NEXT: next },
      answer: (request) => (Object.values(request.headers).includes(next) ? answer(401, {}) : null),
    });
    expect([of('galileo-key').status, of('galileo-key-next').status, code]).toEqual(['ok', 'warning', 0]);
  });
});

describe('doctor', () => {
  it('lets a check that throws fail by the name of the fault, and the others end', async () => {
    const { code, of, report } = await doctor({
      deps: { inspectLedger: () => Promise.reject(new RangeError('words that may be secret')) },
    });
    expect([code, of('ledger').status, of('ledger').message]).toEqual([
      1,
      'failed',
      'could not be carried out (RangeError)',
    ]);
    expect(report.checks.filter(({ status }) => status === 'ok')).toHaveLength(7);
  });

  it('gives a check that hangs 12 seconds, and the others their results', async () => {
    const { ended, schedule } = startCommand(['doctor', '--json'], {
      deps: { inspectLedger: () => new Promise(() => undefined) },
    });
    await schedule.until((waitingMs) => waitingMs.length === 1);
    expect(schedule.waitingMs).toEqual([12_000]);
    schedule.advance(12_000);
    const { code, stdout } = await ended;
    const { checks } = JSON.parse(stdout) as Report;
    expect(code).toBe(1);
    expect(checks.filter(({ status }) => status !== 'ok').map(({ id, message }) => [id, message])).toEqual([
      ['ledger', 'did not end within 12 s'],
    ]);
  });

  it('leaves no timer behind', async () => {
    const { ended, schedule } = startCommand(['doctor']);
    await ended;
    expect(schedule.waitingMs).toEqual([]);
  });

  it('colours by status when there is a terminal to colour', async () => {
    const { stdout } = await runCommand(['doctor'], { deps: { paint: (style, text) => `<${style}>${text}` } });
    expect(stdout).toContain('<green>ok');
  });

  it('shows no key in any disguise, however Galileo repeats it and wherever else it was put', async () => {
    for (const [name, form] of disguises(KEY)) {
      for (const body of [
        { id: form, role: form, permissions: [{ action: form, allowed: true }] },
        { detail: form },
        form,
      ]) {
        for (const status of [200, 401, 500]) {
          const said = (request: Parameters<typeof hasKey>[0]) => (hasKey(request) ? answer(status, body) : null);
          const { stdout } = await runCommand(['doctor'], { answer: said });
          expect([name, stdout.includes(form)]).toEqual([name, false]);
        }
      }
    }
    const misplaced = await runCommand(['doctor'], {
      env: { ...GOOD_ENV, POLICY_FILE: `/etc/${KEY}.yaml` },
      policy: 'version: 2',
    });
    for (const [name, form] of disguises(KEY)) expect([name, misplaced.stdout.includes(form)]).toEqual([name, false]);
  });

  it('shows nobody’s address, even where a file’s own words hold one', async () => {
    const { stdout } = await runCommand(['doctor'], {
      deps: {
        openPolicy: async () => ({ kind: 'refused', problems: [{ line: 1, column: 1, message: 'not ann@acme.com' }] }),
      },
    });
    expect(stdout).toContain('policy.yaml:1:1 not [address]');
  });

  it('names rules that end soon', async () => {
    const policy = POLICY.replace('auth_methods: [okta] }', 'auth_methods: [okta], until: 2026-03-10 }');
    const { of } = await doctor({ policy });
    expect([of('policy').status, of('policy').lines.at(-1)]).toEqual(['warning', 'hr-staff ends on 2026-03-10']);
  });
});
