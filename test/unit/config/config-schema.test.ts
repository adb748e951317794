import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import type { SettingRow } from '../../../src/config/schema.ts';
import { SETTINGS } from '../../../src/config/schema.ts';
import { rounds } from '../../support/rounds.ts';

type Environment = Readonly<Record<string, string>>;

const ISSUERS = '[{"name":"corp","issuer":"https://login.example.com","audience":"invites"}]';
const GOOD: Environment = { GALILEO_API_KEY: 'a-good-key-0123456789', AUTH_ISSUERS: ISSUERS };
const published = new URL('../../../docs/config.schema.json', import.meta.url);
const schema = JSON.parse(readFileSync(published, 'utf8')) as { readonly properties: Readonly<Record<string, object>> };
const fits = new Ajv2020({ strict: true, strictRequired: false }).compile(schema);

async function isTaken(env: Environment): Promise<boolean> {
  const loaded = await loadConfig({ env, readText: () => Promise.reject(new Error('ENOENT')) });
  return loaded.kind === 'loaded';
}

describe('docs/config.schema.json', () => {
  it('has every setting with its default, and marks each secret as write-only', () => {
    for (const [name, { fallback, secret }] of Object.entries<SettingRow>(SETTINGS)) {
      expect(schema.properties[name]).toMatchObject({
        type: 'string',
        ...(fallback === undefined || fallback === '' ? {} : { default: fallback }),
        ...(secret === true ? { writeOnly: true } : {}),
      });
    }
  });

  it.each<Environment>([
    GOOD,
    {
      ...GOOD,
      IDEMPOTENCY: ' Required',
      LOG_LEVEL: 'WARN',
      PAGES: 'Off',
      INSECURE_DEV: '0',
      AUDIT_SINKS: ' STDOUT',
    },
    { ...GOOD, PORT: '\uFEFF8081\n', GALILEO_TIMEOUT_MS: ' 5000 ', OPS_PORT: '' },
    { ...GOOD, OPS_PORT: 'tcp://10.0.0.1:9091', GALILEO_PROXY_SERVICE_HOST: '10.0.0.1', PATH: '/bin', HOME: '/root' },
    { ...GOOD, GALILEO_PROJECT: 'x', GALILEO_CONSOLE_URL: 'https://console.example.com' },
    { ...GOOD, OTEL_EXPORTER_OTLP_TIMEOUT: 'of another program', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', NO_PROXY: '?' },
  ])('fits what the service takes: %j', async (env) => {
    expect(await isTaken(env)).toBe(true);
    fits(env);
    expect(fits.errors).toBeNull();
  });

  it.each<Environment>([
    { GALILEO_API_KEY: 'a-good-key-0123456789' },
    { ...GOOD, GALILEO_API_KYE: 'x' },
    { ...GOOD, AUDIT_SINK: 'stdout' },
    { ...GOOD, PORT: 'http' },
    { ...GOOD, GALILEO_TIMEOUT_MS: '15s' },
    { ...GOOD, LOG_LEVEL: 'verbose' },
    { ...GOOD, IDEMPOTENCY: 'yes' },
    { ...GOOD, AUDIT_SINKS: 'stdout;http' },
    { ...GOOD, AUDIT_FORMAT: 'json' },
    { ...GOOD, INSECURE_DEV: 'true' },
  ])('refuses, as config check does: %j', async (env) => {
    expect([await isTaken(env), fits(env)]).toEqual([false, false]);
  });

  it('refuses no environment that the service takes', async () => {
    const odd = [
      '',
      ' ',
      '\n',
      'x',
      'on',
      'OFF',
      '1',
      '443',
      'true',
      'tcp://10.0.0.1:80',
      'stdout,otlp',
      '"8080"',
      '8080 # x',
    ];
    const valueOf = ({ fallback, example }: SettingRow): fc.Arbitrary<string> => {
      const own = [fallback ?? example, example].filter((text) => text !== '(secret)');
      const spelled = own.flatMap((text) => [text, text.toUpperCase(), ` ${text} `, `\uFEFF${text}`, `${text}\r\n`]);
      return fc.constantFrom(...odd, ...spelled);
    };
    const values = Object.fromEntries(
      Object.entries<SettingRow>(SETTINGS).map(([name, row]) => [name, valueOf(row)] as const),
    );
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.subarray(Object.keys(values), { maxLength: 4 }).chain((names) => fc.record(pick(values, names))),
        async (some) => {
          const env = { ...GOOD, ...some };
          if (!(await isTaken(env))) return;
          taken += 1;
          if (!fits(env)) throw new Error(`refused: ${JSON.stringify(fits.errors)}`);
        },
      ),
      { numRuns: rounds(300, 3000) },
    );
    expect(taken).toBeGreaterThan(20);
  });
});

function pick<T>(from: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)));
}
