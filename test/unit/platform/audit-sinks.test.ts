import { afterEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import type { AuditSinks } from '../../../src/platform/node/audit/sinks.ts';
import { createSinks } from '../../../src/platform/node/audit/sinks.ts';
import { auditItems } from '../../support/audit/audit-items.ts';
import { createFakeClock } from '../../support/clock.ts';
import { serveCollector, status } from '../../support/servers/collector.ts';

const REQUIRED = {
  GALILEO_API_KEY: 'a-good-key-0123456789',
  AUTH_ISSUERS: '[{"name":"corp","issuer":"https://login.example.com","audience":"invites"}]',
};

const opened: AuditSinks[] = [];
afterEach(async () => {
  for (const sinks of opened.splice(0)) await sinks.close();
});

interface Opened extends AuditSinks {
  readonly written: string[];
  readonly reported: unknown[];
}

async function open(env: Readonly<Record<string, string>>): Promise<Opened> {
  const loaded = await loadConfig({ env: { ...REQUIRED, ...env }, readText: () => Promise.reject(new Error('none')) });
  if (loaded.kind === 'refused') throw new Error(loaded.problems.map(({ message }) => message).join());
  const written: string[] = [];
  const reported: unknown[] = [];
  const sinks = createSinks(loaded.config.settings, {
    output: { write: async (text) => void written.push(text) },
    service: { name: 'galileo-invite-proxy', version: '1.2.3', runtime: 'node', instance: 'pod-7' },
    clock: createFakeClock(),
    logger: { error: (event, fields) => void reported.push({ event, ...fields }) },
    metrics: { count: (name, labels) => void reported.push({ name, ...labels }) },
    httpToken: async () => 'collector-token',
  });
  opened.push(sinks);
  return { ...sinks, written, reported };
}

describe('the sinks of the service on Node', () => {
  it('are stdout alone by default', async () => {
    const { sinks, written } = await open({});
    expect(sinks.map(({ name }) => name)).toEqual(['stdout']);
    const items = await auditItems();
    await sinks[0]?.write(items);
    expect(written.join('').trim().split('\n')).toHaveLength(items.length);
  });

  it('are those that AUDIT_SINKS names, each with its own settings', async () => {
    const collector = await serveCollector(status(204));
    const receiver = await serveCollector(status(200, { 'content-type': 'application/json' }, '{}'));
    const { sinks } = await open({
      AUDIT_SINKS: 'otlp,http',
      AUDIT_FORMAT: 'ocsf',
      AUDIT_HTTP_URL: `${collector.url}/audit`,
      PUBLIC_URL: 'https://invites.example.com',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=otlp-key',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      OTEL_SERVICE_NAME: 'invites',
    });
    expect(sinks.map(({ name }) => name)).toEqual(['otlp', 'http']);
    const items = await auditItems();
    for (const sink of sinks) await sink.write(items);

    expect(collector.received[0]).toMatchObject({
      path: '/audit',
      headers: {
        authorization: 'Bearer collector-token',
        'user-agent': 'galileo-invite-proxy/1.2.3',
        'ce-source': 'https://invites.example.com',
        'ce-auditformat': 'ocsf',
      },
    });
    expect(receiver.received[0]).toMatchObject({
      path: '/v1/logs',
      headers: { 'api-key': 'otlp-key', 'content-encoding': 'gzip' },
    });
    expect(receiver.received[0]?.headers.authorization).toBeUndefined();
    const [attributes] = /"attributes":\[.*?\]/.exec(receiver.received[0]?.text ?? '') ?? [];
    for (const value of ['invites', '1.2.3', 'pod-7']) expect(attributes).toContain(`"stringValue":"${value}"`);
    expect(receiver.received[0]?.text).toContain('raw_data');
  });

  it('write to the intake that AUDIT_HTTP_PRESET names, with the fields of AUDIT_HTTP_HEADERS', async () => {
    const collector = await serveCollector(status(200, {}, '{"text":"Success","code":0}'));
    const { sinks, reported } = await open({
      AUDIT_SINKS: 'http',
      AUDIT_HTTP_PRESET: 'splunk-hec',
      AUDIT_HTTP_TOKEN_FILE: '/run/secrets/audit-http-token',
      AUDIT_HTTP_URL: `${collector.url}/services/collector/event`,
      AUDIT_HTTP_HEADERS: 'X-Tenant=blue%20team',
    });
    for (const sink of sinks) await sink.write(await auditItems());
    expect(collector.received).toMatchObject([
      {
        path: '/services/collector/event',
        headers: {
          authorization: 'Splunk collector-token',
          'x-tenant': 'blue team',
          'content-type': 'application/json',
        },
      },
    ]);
    expect(reported).toEqual([]);
  });

  it('report a record that the intake refuses for its content, in the log and as a metric', async () => {
    const ok = status(200, {}, '{"text":"Success","code":0}');
    const collector = await serveCollector(status(400, {}, '{"text":"Invalid data format","code":6}'), ok);
    const { sinks, reported } = await open({
      AUDIT_SINKS: 'http',
      AUDIT_HTTP_PRESET: 'splunk-hec',
      AUDIT_HTTP_TOKEN_FILE: '/run/secrets/audit-http-token',
      AUDIT_HTTP_URL: `${collector.url}/services/collector/event`,
    });
    const items = await auditItems();
    for (const sink of sinks) await sink.write(items.slice(0, 1));
    expect(reported).toMatchObject([
      { name: 'audit_items_refused', sink: 'http', reason: 'content_refused' },
      { event: 'audit_item_refused', sink: 'http', reason: 'content_refused', seq: 1, kind: 'intent' },
    ]);
  });

  it('do not delay each other: while one collector is slow, another is written to', async () => {
    const release = Promise.withResolvers<void>();
    const slow = await serveCollector((response) => void release.promise.then(() => response.writeHead(204).end()));
    const receiver = await serveCollector(status(200, {}, ''));
    const { sinks } = await open({
      AUDIT_SINKS: 'http,otlp',
      AUDIT_HTTP_URL: slow.url,
      OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: `${receiver.url}/logs`,
    });
    const items = await auditItems();
    const first = sinks[0]?.write(items);
    await sinks[1]?.write(items);
    expect(receiver.received[0]?.path).toBe('/logs');
    release.resolve();
    await first;
  });

  it('end a running batch when they are cut, without an acknowledgement', async () => {
    const arrived = Promise.withResolvers<void>();
    const silent = await serveCollector(() => arrived.resolve());
    const { sinks, cut } = await open({ AUDIT_SINKS: 'http', AUDIT_HTTP_URL: silent.url });
    const writing = sinks[0]?.write(await auditItems());
    await arrived.promise;
    cut();
    await expect(writing).rejects.toMatchObject({ reason: 'connection_lost' });
  });
});
