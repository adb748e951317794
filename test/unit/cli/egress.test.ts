import { describe, expect, it } from 'vitest';
import type { ProxyFailure } from '../../../src/ports/http.ts';
import { PROXY_FAILURES } from '../../../src/ports/http.ts';
import { GOOD_ENV, runCommand } from './cli-harness.ts';

const ENV = {
  ...GOOD_ENV,
  HTTPS_PROXY: 'http://svc:sesame-0123456789@proxy.acme.com:3128',
  NO_PROXY: '.siem.acme.com',
  AUDIT_SINKS: 'stdout,http,otlp',
  AUDIT_HTTP_URL: 'https://in.siem.acme.com/audit',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318',
};

interface Report {
  readonly checks: readonly {
    readonly id: string;
    readonly status: string;
    readonly message: string;
    readonly remedy: string;
    readonly lines: readonly string[];
  }[];
}

const doctor = async (options: Parameters<typeof runCommand>[1]) => {
  const ran = await runCommand(['doctor', '--json'], options);
  const { checks } = JSON.parse(ran.stdout) as Report;
  return { ...ran, of: (id: string) => checks.find((check) => check.id === id) };
};

describe('config print, with an egress proxy', () => {
  it('shows the route of each target, and no credentials', async () => {
    const { code, stdout } = await runCommand(['config', 'print'], { env: ENV });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^HTTPS_PROXY +http:\/\/\[credentials\]@proxy\.acme\.com:3128 \(environment\)$/m);
    expect(stdout.slice(stdout.indexOf('Routes:'))).toBe(`Routes:
  issuer corp: through the proxy proxy.acme.com:3128
  Galileo: through the proxy proxy.acme.com:3128
  collector http: directly: NO_PROXY has .siem.acme.com
  collector otlp: directly: it is plain http
`);
    expect(stdout).not.toMatch(/sesame|svc/);
  });

  it('has the routes in JSON, too', async () => {
    const { stdout } = await runCommand(['config', 'print', '--json'], { env: ENV });
    const { routes } = JSON.parse(stdout) as { routes: { target: string; via: string }[] };
    expect(routes.map(({ target, via }) => `${target} ${via}`)).toEqual([
      'issuer corp proxy',
      'Galileo proxy',
      'collector http direct',
      'collector otlp direct',
    ]);
    expect(stdout).not.toMatch(/sesame|svc/);
  });

  it('shows no routes where all are direct, and none that it cannot know', async () => {
    expect((await runCommand(['config', 'print'], { env: GOOD_ENV })).stdout).not.toContain('Routes:');
    const refused = await runCommand(['config', 'print'], {
      env: { ...ENV, HTTPS_PROXY: 'socks5://svc:sesame@proxy' },
    });
    expect(refused.code).toBe(2);
    expect(refused.stdout).not.toMatch(/Routes:|sesame|svc/);
  });
});

describe('doctor, with an egress proxy', () => {
  it('says which route each target takes', async () => {
    const { code, stdout, of } = await doctor({ env: ENV });
    expect(code).toBe(0);
    expect(of('egress')).toMatchObject({
      status: 'ok',
      message: 'is the proxy proxy.acme.com:3128, with credentials, for 2 of 4 targets',
      lines: expect.arrayContaining(['Galileo: through the proxy proxy.acme.com:3128']),
    });
    expect(stdout).not.toMatch(/sesame|svc/);
  });

  it.each(PROXY_FAILURES)('has words and a remedy of its own for %s, at every check that met it', async (reason) => {
    const { code, of } = await doctor({
      env: ENV,
      answer: () => ({ kind: 'not_sent', reason }),
      deps: { fetchDocument: async () => ({ kind: 'failed', reason }) },
    });
    expect(code).toBe(1);
    const { message = '', remedy = '' } = of('upstream') ?? {};
    expect(message).toMatch(/proxy/);
    expect(remedy).toMatch(/HTTPS_PROXY|NO_PROXY/);
    expect(of('issuer:corp')).toMatchObject({ status: 'failed', message, remedy });
    expect(of('galileo-key')).toMatchObject({
      status: 'failed',
      message: `could not be tried: Galileo ${message}`,
      remedy,
    });
  });

  it('has a sentence for each failure that no other has', async () => {
    const messageOf = async (reason: ProxyFailure) =>
      (await doctor({ env: ENV, answer: () => ({ kind: 'not_sent', reason }) })).of('upstream')?.message;
    const messages = await Promise.all(PROXY_FAILURES.map(messageOf));
    expect(new Set(messages).size).toBe(PROXY_FAILURES.length);
  });

  it.each([
    ['HTTPS_PROXY', { HTTPS_PROXY: 'socks5://svc:sesame@proxy' }],
    ['NO_PROXY', { NO_PROXY: 'https://x.io' }],
  ])(
    'asks nobody when %s is refused: another way than the service’s would find something else',
    async (name, changes) => {
      const asked: string[] = [];
      const ran = await doctor({
        env: { ...ENV, ...changes },
        deps: {
          fetchDocument: async ({ url }) => {
            asked.push(url);
            return { kind: 'failed', reason: 'unreachable' };
          },
        },
      });
      expect([ran.code, ran.asked, asked]).toEqual([2, [], []]);
      expect(ran.of('egress')).toMatchObject({ status: 'skipped', message: `is not known: ${name} is refused` });
      for (const id of ['issuer:corp', 'upstream', 'galileo-key']) {
        expect(ran.of(id)).toMatchObject({ status: 'skipped', message: `was not asked: ${name} is refused` });
      }
    },
  );

  it('says where there is no proxy that HTTPS_PROXY names one', async () => {
    const { of } = await doctor({ answer: () => ({ kind: 'not_sent', reason: 'connect_timeout' }) });
    expect(of('egress')).toBeUndefined();
    expect(of('upstream')?.remedy).toContain('HTTPS_PROXY');
  });
});
