import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { gunzip } from '../../../src/lib/gzip.ts';
import { createAuditSinks } from '../../../src/platform/workers/audit/sinks.ts';
import type { Bindings } from '../../../src/platform/workers/bindings.ts';
import { SECRET_MAX_AGE_MS } from '../../../src/platform/workers/secrets/bound-secret.ts';
import type { HttpExchange } from '../../../src/ports/http.ts';
import { auditItems } from '../../support/audit/audit-items.ts';
import { createFakeClock } from '../../support/clock.ts';

/** The sinks that the consumer of the Queue writes to. test/unit/platform/audit-sinks tests the same sinks on Node. */
const REQUIRED = {
  GALILEO_API_KEY: 'a-good-key-0123456789',
  AUTH_ISSUERS: '[{"name":"corp","issuer":"https://login.example.com","audience":"invites"}]',
};
const TO_BOTH = {
  AUDIT_SINKS: 'stdout,otlp,http',
  AUDIT_HTTP_URL: 'https://collector.example.com/audit',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example.com',
};

type Secrets = Partial<Pick<Bindings, 'AUDIT_HTTP_TOKEN' | 'AUDIT_HTTP_HEADERS' | 'OTEL_EXPORTER_OTLP_HEADERS'>>;

async function open(settings: Readonly<Record<string, string>>, secrets: Secrets = {}, answer = '') {
  const texts = Object.entries(secrets).filter(([, value]) => typeof value === 'string') as [string, string][];
  const stored = Object.keys(secrets).filter((name) => !texts.some(([text]) => text === name));
  const loaded = await loadConfig({
    env: { ...REQUIRED, ...settings, ...Object.fromEntries(texts) },
    bound: new Set(stored),
    readText: () => Promise.reject(new Error('none')),
  });
  if (loaded.kind === 'refused') throw new Error(loaded.problems.map(({ message }) => message).join());
  const sent: HttpExchange[] = [];
  const clock = createFakeClock();
  const reported: unknown[] = [];
  const note = (event: string, fields: object = {}): void => void reported.push({ event, ...fields });
  const sinks = createAuditSinks({
    settings: loaded.config.settings,
    bindings: secrets,
    service: { name: 'galileo-invite-proxy', version: '1.2.3', runtime: 'workerd', instance: 'v7' },
    http: {
      exchange: async (exchange) => {
        sent.push(exchange);
        return { kind: 'answered', status: 200, headers: {}, body: new TextEncoder().encode(answer) };
      },
    },
    clock,
    schedule: clock,
    logger: { debug: note, info: note, warn: note, error: note },
    metrics: { count: () => expect.unreachable() },
  });
  return { sinks, sent, reported, clock };
}

/** Writes one batch to each sink; resolves with the HTTP request of each. */
async function writeToAll({ sinks, sent }: Awaited<ReturnType<typeof open>>) {
  const items = await auditItems();
  const { length: before } = sent;
  for (const sink of sinks) await sink.write(items);
  return Object.fromEntries(sinks.map(({ name }, index) => [name, sent[before + index]]));
}

/** The text inside of a JSON string. */
const quoted = (text: string): string => JSON.stringify(text).slice(1, -1);

describe('the sinks behind the audit Queue', () => {
  it('are those that AUDIT_SINKS names besides stdout, each with its own settings', async () => {
    const opened = await open(
      { ...TO_BOTH, AUDIT_FORMAT: 'ocsf', PUBLIC_URL: 'https://invites.example.com' },
      { AUDIT_HTTP_TOKEN: ' collector-token\n', OTEL_EXPORTER_OTLP_HEADERS: 'api-key=otlp-key' },
    );
    const { http, otlp } = await writeToAll(opened);
    expect(http).toMatchObject({
      url: 'https://collector.example.com/audit',
      headers: {
        Authorization: 'Bearer collector-token',
        'User-Agent': 'galileo-invite-proxy/1.2.3',
        'ce-source': 'https://invites.example.com',
        'ce-auditformat': 'ocsf',
      },
    });
    expect(otlp).toMatchObject({ url: 'https://otlp.example.com/v1/logs', headers: { 'api-key': 'otlp-key' } });
    expect(otlp?.headers).not.toHaveProperty('Authorization');
    expect(otlp?.body).toContain('raw_data');
  });

  it('name a deployment without a public URL by a path, as on Node', async () => {
    const { http } = await writeToAll(await open(TO_BOTH));
    expect(http?.headers['ce-source']).toBe('/galileo-invite-proxy');
    expect(http?.headers).not.toHaveProperty('Authorization');
  });

  it('read their secrets from the Secrets Store, and use a changed one a minute later', async () => {
    const store = { token: 'first-token', list: 'api-key=first' };
    const opened = await open(TO_BOTH, {
      AUDIT_HTTP_TOKEN: { get: async () => store.token },
      OTEL_EXPORTER_OTLP_HEADERS: { get: async () => store.list },
    });
    const secretsSent = async () => {
      const { http, otlp } = await writeToAll(opened);
      return [http?.headers['Authorization'], otlp?.headers['api-key']];
    };
    expect(await secretsSent()).toEqual(['Bearer first-token', 'first']);
    Object.assign(store, { token: 'second-token', list: 'api-key=second' });
    opened.clock.advance(SECRET_MAX_AGE_MS);
    expect(await secretsSent()).toEqual(['Bearer second-token', 'second']);
  });

  it('write to the intake that AUDIT_HTTP_PRESET names, with more fields from the Secrets Store', async () => {
    const store = { list: 'x-splunk-request-channel=one,x-tenant=blue' };
    const opened = await open(
      {
        AUDIT_SINKS: 'http',
        AUDIT_HTTP_PRESET: 'splunk-hec',
        AUDIT_HTTP_URL: 'https://splunk.example.com:8088/services/collector/event',
      },
      { AUDIT_HTTP_TOKEN: { get: async () => 'hec-token' }, AUDIT_HTTP_HEADERS: { get: async () => store.list } },
    );
    const first = await writeToAll(opened);
    expect(first['http']?.headers).toMatchObject({ Authorization: 'Splunk hec-token', 'x-tenant': 'blue' });
    store.list = 'x-tenant=green,authorization=Bearer%20stray';
    opened.clock.advance(SECRET_MAX_AGE_MS);
    const second = await writeToAll(opened);
    expect(second['http']?.headers).toMatchObject({ Authorization: 'Splunk hec-token', 'x-tenant': 'green' });
    expect(second['http']?.headers).not.toHaveProperty('authorization');
  });

  it.each([
    ['splunk-hec', 'https://splunk.example.com/services/collector/event', '{"text":"Success","code":0}'],
    ['elastic-bulk', 'https://elastic.example.com/invites/_bulk', '{"errors":false,"items":[]}'],
    ['datadog', 'https://http-intake.logs.datadoghq.eu/api/v2/logs', '{}'],
    ['json-array', 'https://stream.ingest.cloudflare.com/', '{"success":true,"result":{"committed":4}}'],
    ['ndjson', 'https://collector.example.com/', ''],
  ])('carry each line verbatim to every intake, in workerd, too: %s', async (preset, url, taken) => {
    const env = { AUDIT_SINKS: 'http', AUDIT_HTTP_PRESET: preset, AUDIT_HTTP_URL: url };
    const opened = await open(env, { AUDIT_HTTP_TOKEN: 'intake-token' }, taken);
    const { http } = await writeToAll(opened);
    const isPacked = http?.headers['Content-Encoding'] === 'gzip';
    const text = isPacked ? await gunzip(http?.body as Uint8Array<ArrayBuffer>) : String(http?.body);
    for (const { line } of await auditItems()) expect(text.includes(line) || text.includes(quoted(line))).toBe(true);
    expect(opened.reported).toEqual([]);
  });

  it('send nothing while a secret is unusable, and log which one, without its value', async () => {
    const opened = await open(TO_BOTH, {
      AUDIT_HTTP_TOKEN: { get: async () => 'two words' },
      OTEL_EXPORTER_OTLP_HEADERS: { get: () => Promise.reject(new Error('no store')) },
    });
    const items = await auditItems();
    for (const sink of opened.sinks) {
      await expect(sink.write(items)).rejects.toMatchObject({ reason: 'token_unavailable' });
    }
    expect(opened.sent).toEqual([]);
    expect(opened.reported).toMatchObject([
      { event: 'audit_secret_unusable', setting: 'AUDIT_HTTP_TOKEN' },
      { event: 'audit_secret_unusable', setting: 'OTEL_EXPORTER_OTLP_HEADERS' },
    ]);
    expect(JSON.stringify(opened.reported)).not.toContain('two words');
  });
});
