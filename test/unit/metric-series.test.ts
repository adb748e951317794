import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/load.ts';
import { counterSeries, durationSeries } from '../../src/metric-series.ts';
import { NODE_SERIES } from '../../src/platform/node/telemetry/node-series.ts';
import { createMetrics } from '../../src/platform/node/telemetry/metrics.ts';
import { COUNTERS } from '../../src/ports/metrics.ts';

const ISSUERS = ['corp', 'partners'].map((name) => ({
  name,
  issuer: `https://${name}.example.com`,
  audience: 'https://invites.example.com',
}));
/** Everything that adds series. */
const ALL = {
  AUTH_ISSUERS: JSON.stringify(ISSUERS),
  GALILEO_API_KEY_NEXT: 'test-key-9b8c7d6e5f4a3b2c',
  GALILEO_RECONCILE: 'on',
  SHADOW_POLICY_FILE: 'shadow.yaml',
  HTTPS_PROXY: 'http://proxy.example.com:3128',
  AUDIT_SINKS: 'stdout,http,otlp',
  AUDIT_HTTP_URL: 'https://siem.example.com/audit',
  OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example.com',
};

async function configOf(more: Readonly<Record<string, string>> = {}): Promise<Config> {
  const env = {
    GALILEO_API_KEY: 'test-key-0f3c9a7e5b1d2468',
    AUTH_ISSUERS: JSON.stringify(ISSUERS.slice(0, 1)),
    ...more,
  };
  const loaded = await loadConfig({ env, readText: () => Promise.reject(new Error('no files')) });
  if (loaded.kind === 'refused') throw new Error(JSON.stringify(loaded.problems));
  return loaded.config;
}

/** The counters that a fresh service exposes, as lines. */
async function freshLines(more: Readonly<Record<string, string>> = {}): Promise<string[]> {
  const metrics = createMetrics();
  metrics.begin(counterSeries(await configOf(more), NODE_SERIES), durationSeries([]));
  return (await metrics.expose()).text
    .split('\n')
    .filter((line) => /^galileo_invite_proxy_\w+_total/.test(line))
    .map((line) => line.slice('galileo_invite_proxy_'.length));
}

describe('the counters of a fresh service', () => {
  it('are all 0, so that the first event raises an alert', async () => {
    const lines = await freshLines(ALL);
    expect(lines.filter((line) => !line.endsWith(' 0'))).toEqual([]);
    for (const line of [
      'refusals_total{origin="proxy",code="internal_error"} 0',
      'refusals_total{origin="quota",code="policy_denied"} 0',
      'refusals_total{origin="proxy",code="invalid_request"} 0',
      'invite_endings_total{ending="unknown",reason="expired"} 0',
      'ledger_failures_total{step="admit"} 0',
      'audit_deliveries_total{sink="http",result="credentials_rejected"} 0',
      'key_set_fetches_total{issuer="corp",result="metadata_issuer_mismatch"} 0',
    ])
      expect(lines).toContain(line);
  });

  it('leave out what the configuration excludes', async () => {
    const lines = (await freshLines()).join('\n');
    expect(lines).not.toMatch(/slot="next"|role="shadow"|sink="http"|shadow_|reconciliations_total\{|="proxy_refused"/);
    expect(lines).not.toMatch(/sink="stdout",result="credentials_rejected"/);
    const all = (await freshLines(ALL)).join('\n');
    for (const part of ['slot="next"', 'role="shadow"', 'issuer="partners"', 'sink="otlp"', 'reason="proxy_refused"'])
      expect(all).toContain(part);
    expect(all).not.toMatch(/sink="stdout",result="(?:credentials_rejected|proxy_)|role="shadow",result="not_rec/);
  });

  it('have no combination twice, and give each label a value', async () => {
    const series = counterSeries(await configOf(ALL), NODE_SERIES);
    for (const [name, combinations] of Object.entries(series)) {
      if (combinations === 'as_they_come') continue;
      const texts = combinations.map((labels) => JSON.stringify(labels));
      expect(new Set(texts).size).toBe(texts.length);
      const { labels: names } = COUNTERS[name as keyof typeof COUNTERS];
      for (const labels of combinations) expect(Object.keys(labels).toSorted()).toEqual([...names].toSorted());
    }
  });

  it('come with the durations of the routes that callers have a token for, of each bulkhead and of each result', () => {
    const paths = ['/*', '/v2/invite_users', '/v2/invite_users', '/audit/records', '/v2/*', '/livez', '/docs'];
    expect(durationSeries(paths)).toEqual({
      http_request_duration: [{ route: '/v2/invite_users' }, { route: '/audit/records' }],
      queue_wait: ['invites', 'reads', 'trail', 'searches'].map((bulkhead) => ({ bulkhead })),
      upstream_duration: ['answered', 'maybe_sent', 'not_sent'].map((result) => ({ result })),
    });
  });

  // As docs/operations.md says.
  it('are about 200, and about 300 where everything is configured', async () => {
    expect((await freshLines()).length).toBeLessThanOrEqual(220);
    expect((await freshLines(ALL)).length).toBeLessThanOrEqual(330);
  });
});
