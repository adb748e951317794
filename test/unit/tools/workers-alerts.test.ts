/**
 * The queries of deploy/workers/alerts.sql over the data points that the code of the Worker writes. SQLite stands in for
 * Analytics Engine; the few words that differ between the two are replaced. Without any point, ClickHouse, on which
 * Analytics Engine is built, has 0 for MIN, MAX and SUM, where SQL has NULL.
 */
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/platform/workers/telemetry/metrics.ts';
import type { WorkersMetrics } from '../../../src/platform/workers/telemetry/metrics.ts';
import { writeLevels } from '../../../src/platform/workers/telemetry/levels.ts';
import { readAlerts } from '../../support/alert-rules.ts';
import { createFakeClock } from '../../support/clock.ts';
import { DATASET, NOT_ON_WORKERS, WORKERS_ALERTS } from '../../../tools/workers-alerts.ts';

const BLOBS = [1, 2, 3, 4];

function inSqlite(sql: string): string {
  return sql
    .replaceAll(/NOW\(\) - INTERVAL '(\d+)' MINUTE/g, "unixepoch('now', '-$1 minutes')")
    .replaceAll('toUnixTimestamp(NOW())', 'unixepoch()')
    .replaceAll('(if(', '(iif(')
    .replaceAll(/\b(MIN|MAX|SUM)\(/g, 'CH_$1(');
}

/** The aggregates of ClickHouse. */
const AGGREGATES: Readonly<Record<string, (a: number, b: number) => number>> = {
  CH_MIN: Math.min,
  CH_MAX: Math.max,
  CH_SUM: (a, b) => a + b,
};

/** A dataset, and the names of the alerts whose query returns a row. */
function openDataset() {
  const database = new DatabaseSync(':memory:');
  for (const [name, combine] of Object.entries(AGGREGATES)) {
    database.aggregate(name, {
      start: () => Number.NaN,
      step: (sofar: number, value) => (Number.isNaN(sofar) ? Number(value) : combine(sofar, Number(value))),
      result: (value) => (Number.isNaN(value) ? 0 : value),
    });
  }
  const blobs = BLOBS.map((blob) => `blob${String(blob)}`);
  database.exec(
    `CREATE TABLE ${DATASET} (timestamp, _sample_interval, index1, ${blobs.join(', ')}, double1 REAL NOT NULL)`,
  );
  const insert = database.prepare(`INSERT INTO ${DATASET} VALUES (?, 1, ?, ${BLOBS.map(() => '?').join(', ')}, ?)`);
  let minutesAgo = 0;
  const metrics = createMetrics({
    writeDataPoint({ indexes, blobs: written, doubles }) {
      const cells = BLOBS.map((blob) => written[blob - 1] ?? '');
      insert.run(Math.floor(Date.now() / 1000) - minutesAgo * 60, indexes[0] ?? '', ...cells, doubles[0] ?? 0);
    },
  });
  return {
    metrics,
    /** What is written from now on was written so long ago. */
    ago: (minutes: number) => void (minutesAgo = minutes),
    raised: () =>
      WORKERS_ALERTS.filter(({ sql }) => database.prepare(inSqlite(sql)).all().length > 0).map(({ alert }) => alert),
  };
}

function times(count: number, write: () => void): void {
  for (let n = 0; n < count; n += 1) write();
}

/** What an ordinary hour has. */
function ordinaryHour(metrics: WorkersMetrics): void {
  times(40, () => metrics.count('http_requests', { route: '/v2/invite_users', method: 'POST', status: '200' }));
  times(30, () => metrics.count('invite_endings', { ending: 'accepted', reason: 'none' }));
  metrics.count('invite_endings', { ending: 'unknown', reason: 'timeout' });
  metrics.count('refusals', { origin: 'proxy', code: 'invalid_token' });
  metrics.count('refusals', { origin: 'proxy', code: 'internal_error' });
  metrics.count('refusals', { origin: 'upstream', code: 'upstream_error' });
  metrics.count('upstream_attempts', { result: 'answered', slot: 'current' });
  metrics.count('key_set_fetches', { issuer: 'corp', result: 'timeout' });
  metrics.count('key_set_fetches', { issuer: 'corp', result: 'ok' });
  metrics.count('policy_reloads', { role: 'active', result: 'loaded' });
  metrics.gauge('api_key_usable', 1, { slot: 'current' });
  metrics.gauge('audit_trail_intact', 1);
  metrics.gauge('requests_unknown', 0);
  metrics.gauge('requests_unknown', 1);
  metrics.gauge('audit_sink_lag_seconds', 0, { sink: 'http' });
  metrics.gauge('audit_uncovered_records', 4);
  metrics.gauge('audit_checkpoint_timestamp_seconds', Date.now() / 1000 - 200);
}

const CAUSES: Readonly<Record<string, (metrics: WorkersMetrics) => void>> = {
  InviteProxyLedgerFailing: (metrics) => metrics.count('ledger_failures', { step: 'admit' }),
  InviteProxyLedgerDamaged: (metrics) => metrics.count('ledger_unreadable', { part: 'record', reason: 'not_json' }),
  InviteProxyTrailChanged: (metrics) => metrics.gauge('audit_trail_intact', 0),
  InviteProxyCheckpointStale(metrics) {
    metrics.gauge('audit_uncovered_records', 4);
    metrics.gauge('audit_checkpoint_timestamp_seconds', Date.now() / 1000 - 1000);
  },
  InviteProxySinkBehind: (metrics) => metrics.gauge('audit_sink_lag_seconds', 1000, { sink: 'otlp' }),
  InviteProxyRecordReplaced: (metrics) =>
    metrics.count('audit_items_refused', { sink: 'http', reason: 'content_refused' }),
  InviteProxyKeyRefused: (metrics) =>
    metrics.count('invite_endings', { ending: 'not_sent', reason: 'credentials_rejected' }),
  InviteProxyCurrentKeyRefused: (metrics) => metrics.count('upstream_attempts', { result: 'answered', slot: 'next' }),
  InviteProxyGalileoUnreachable: (metrics) =>
    times(40, () => metrics.count('invite_endings', { ending: 'unknown', reason: 'connection_lost' })),
  InviteProxyOutcomeUnknown: (metrics) => metrics.gauge('requests_unknown', 2),
  InviteProxyIssuerKeysFailing: (metrics) =>
    metrics.count('key_set_fetches', { issuer: 'partners', result: 'unreachable' }),
  InviteProxyPolicyRefused: (metrics) => metrics.count('policy_reloads', { role: 'active', result: 'refused' }),
  InviteProxyOverloaded: (metrics) => metrics.count('requests_shed', { bulkhead: 'all', reason: 'burst' }),
  InviteProxyErrorBudgetFast: (metrics) =>
    times(10, () => metrics.count('refusals', { origin: 'proxy', code: 'ledger_unavailable' })),
};

/** These levels must not be seen beside those of an ordinary hour, which are newer or lower. */
const ALONE = new Set(['InviteProxyCheckpointStale', 'InviteProxyOutcomeUnknown']);

describe('the alerts of a deployment on Workers', () => {
  it('are those of Prometheus, but for what does not exist there', () => {
    const names = [...WORKERS_ALERTS.map(({ alert }) => alert), ...Object.keys(NOT_ON_WORKERS)];
    expect(names.toSorted()).toEqual(
      readAlerts()
        .map(({ alert }) => alert)
        .toSorted(),
    );
  });

  it('are quiet on an ordinary day, and on a day without any data', () => {
    const { metrics, raised } = openDataset();
    expect(raised()).toEqual([]);
    ordinaryHour(metrics);
    expect(raised()).toEqual([]);
  });

  it.each(Object.entries(CAUSES))('%s is raised by its cause, and is over when that is long ago', (alert, cause) => {
    const [now, earlier] = [openDataset(), openDataset()];
    // Both windows of the error budget hold the same requests here.
    const expected = alert === 'InviteProxyErrorBudgetFast' ? [alert, 'InviteProxyErrorBudgetSlow'] : [alert];
    if (!ALONE.has(alert)) ordinaryHour(now.metrics);
    cause(now.metrics);
    expect(now.raised()).toEqual(expected);
    earlier.ago(400);
    cause(earlier.metrics);
    expect(earlier.raised()).toEqual([]);
  });
});

describe('the levels of the ledger on Workers', () => {
  const clock = createFakeClock();
  const service = { version: '1.2.3', runtime: 'workerd' };
  const head = { seq: 9, hash: '0'.repeat(64) };
  const ledger = {
    countUnknown: async () => 2,
    backlog: async () => [
      { sink: 'stdout', records: 0, oldestAt: null },
      { sink: 'http', records: 3, oldestAt: clock.now() - 60_000 },
    ],
    chain: async () => ({ base: head, head, checkpoint: { count: 7, madeAt: 5_000 } }),
  };
  const written = async (more: Partial<typeof ledger> = {}) => {
    const points: string[] = [];
    const metrics: Pick<WorkersMetrics, 'gauge'> = {
      gauge: (name, value, labels = {}) => void points.push(`${name}${Object.values(labels).join()} ${String(value)}`),
    };
    await writeLevels({ metrics, ledger: { ...ledger, ...more }, sinks: ['stdout', 'http'], clock, service });
    return points.toSorted();
  };

  it('are written once each', async () => {
    expect(await written()).toEqual([
      'audit_checkpoint_timestamp_seconds 5',
      'audit_sink_backlog_recordshttp 3',
      'audit_sink_backlog_recordsstdout 0',
      'audit_sink_lag_secondshttp 60',
      'audit_sink_lag_secondsstdout 0',
      'audit_uncovered_records 2',
      'build_info1.2.3,workerd 1',
      'requests_unknown 2',
    ]);
  });

  it('are left out where the ledger cannot be read, and the others are written', async () => {
    const failing = () => Promise.reject(new Error('no ledger'));
    expect(await written({ backlog: failing, chain: failing })).toEqual([
      'build_info1.2.3,workerd 1',
      'requests_unknown 2',
    ]);
  });
});
