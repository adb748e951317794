import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { SETTING_NAMES, SETTING_ROWS } from '../../../src/config/schema.ts';
import { settingsDigest } from '../../../src/config/settings/settings-digest.ts';

const ISSUERS = '[{"name":"corp","issuer":"https://login.example.com","audience":"galileo-invites"}]';
const BASE = {
  GALILEO_API_KEY: 'test-key-0f3c9a7e5b1d2468',
  AUTH_ISSUERS: ISSUERS,
  AUDIT_SINKS: 'stdout,http,otlp',
  AUDIT_HTTP_URL: 'https://collector.acme.com/services/token-one',
  AUDIT_HTTP_TOKEN: 'bearer-token-number-one-0f3c9a7e',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.acme.com/path-one',
  OTEL_EXPORTER_OTLP_HEADERS: 'authorization=one',
  HTTPS_PROXY: 'http://user:password-one@proxy.acme.com:3128',
  NO_PROXY: 'acme.com',
};

async function digestOf(changes: Record<string, string> = {}): Promise<string> {
  const readText = async (): Promise<string> => ISSUERS;
  const loaded = await loadConfig({ env: { ...BASE, ...changes }, readText });
  if (loaded.kind === 'refused') throw new Error(JSON.stringify(loaded.problems));
  return settingsDigest(loaded.config);
}

describe('the digest of the settings', () => {
  it('is the same for the same settings, also where one is written out that is the default', async () => {
    expect(await digestOf()).toMatch(/^[0-9a-f]{64}$/);
    expect(await digestOf()).toBe(await digestOf({ PORT: '8080', IDEMPOTENCY: 'optional' }));
    expect(await digestOf({ AUTH_ISSUERS: ` ${ISSUERS} ` })).toBe(await digestOf());
  });

  it.each([
    ['a port', { PORT: '8081' }],
    ['a word', { IDEMPOTENCY: 'required' }],
    ['an address', { GALILEO_API_URL: 'https://api.eu.example.com' }],
    ['an issuer', { AUTH_ISSUERS: ISSUERS.replace('login', 'id') }],
    ['the host of a collector', { AUDIT_HTTP_URL: 'https://other.acme.com/services/token-one' }],
    ['the egress proxy', { HTTPS_PROXY: 'http://user:password-one@other.acme.com:3128' }],
    ['the targets without a proxy', { NO_PROXY: 'example.com' }],
    ['the ledger', { LEDGER_URL: 'sqlite:/srv/other.db' }],
    ['the origins', { CORS_ORIGINS: 'https://hr.acme.com' }],
  ])('differs when %s differs', async (_what, changes: Record<string, string>) => {
    expect(await digestOf(changes)).not.toBe(await digestOf());
  });

  it.each([
    ['the key', { GALILEO_API_KEY: 'another-key-0f3c9a7e5b1d2468' }],
    ['the token of a collector', { AUDIT_HTTP_TOKEN: 'bearer-token-number-two-0f3c9a7e' }],
    ['a token in the path of a collector', { AUDIT_HTTP_URL: 'https://collector.acme.com/services/token-two' }],
    ['a token in the path of an endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.acme.com/path-two' }],
    ['header fields', { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=two' }],
    ['the password of the egress proxy', { HTTPS_PROXY: 'http://user:password-two@proxy.acme.com:3128' }],
  ])('has nothing of %s in it', async (_what, changes: Record<string, string>) => {
    expect(await digestOf(changes)).toBe(await digestOf());
  });

  it('covers every setting that is no secret', () => {
    const left = SETTING_NAMES.filter((name) => SETTING_ROWS[name].secret === true);
    expect(left).toContain('GALILEO_API_KEY');
    expect(left.filter((name) => name.endsWith('_FILE') || name.endsWith('_URL'))).toEqual([]);
  });
});
