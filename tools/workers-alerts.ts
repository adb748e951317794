/**
 * The alerts of a deployment on Workers as queries of its Analytics Engine dataset: `npm run docs` writes them to
 * deploy/workers/alerts.sql. Positions of columns come from the table that the code writes by. Each query returns a row
 * for each thing that is wrong, and none on an ordinary day.
 */
import { labelColumn, NAME_COLUMN, VALUE_COLUMN } from '../src/platform/workers/telemetry/columns.ts';
import type { PointName } from '../src/platform/workers/telemetry/columns.ts';

export interface WorkersAlert {
  /** As in deploy/prometheus/rules.yaml, and so the section in docs/runbooks.md. */
  readonly alert: string;
  readonly means: string;
  readonly sql: string;
}

export const DATASET = 'galileo_invite_proxy';

/** Data points may be sampled: each stands for _sample_interval of them. */
const AMOUNT = `_sample_interval * ${VALUE_COLUMN}`;

const within = (minutes: number): string => `timestamp > NOW() - INTERVAL '${minutes}' MINUTE`;
const is = (name: PointName): string => `${NAME_COLUMN} = '${name}'`;
const oneOf = (column: string, values: readonly string[]): string =>
  `${column} IN (${values.map((value) => `'${value}'`).join(', ')})`;

/** The amount of these points, and 0 for all others of the query. */
const amountIf = (condition: string): string => `SUM(if(${condition}, ${AMOUNT}, 0))`;

/** Sums a counter by a label, and returns what is above 0. */
function counted(name: PointName, by: string, minutes: number, condition?: string): string {
  const column = labelColumn(name, by);
  return `SELECT ${column} AS ${by}, SUM(${AMOUNT}) AS times
FROM ${DATASET}
WHERE ${is(name)} AND ${within(minutes)}${condition === undefined ? '' : ` AND ${condition}`}
GROUP BY ${by}
HAVING times > 0`;
}

const ENDING = labelColumn('invite_endings', 'ending');
const REASON = labelColumn('invite_endings', 'reason');
const KEY_REFUSED = `${ENDING} = 'not_sent' AND ${REASON} = 'credentials_rejected'`;
const OWN = oneOf(labelColumn('refusals', 'code'), [
  'internal_error',
  'ledger_unavailable',
  'overloaded',
  'upstream_error',
]);
const BY_PROXY = `${labelColumn('refusals', 'origin')} = 'proxy'`;
const ROUTE = labelColumn('http_requests', 'route');

function burn(factor: number, minutes: number): string {
  return `SELECT ${amountIf(`${is('refusals')} AND ${BY_PROXY} AND ${OWN}`)} AS failed,
  ${amountIf(`${is('http_requests')} AND (${ROUTE} LIKE '/v2/%' OR ${ROUTE} LIKE '/audit/%')`)} AS answered
FROM ${DATASET}
WHERE ${oneOf(NAME_COLUMN, ['refusals', 'http_requests'])} AND ${within(minutes)}
HAVING failed > 9 AND failed > ${String(factor)} * 0.001 * answered`;
}

export const WORKERS_ALERTS: readonly WorkersAlert[] = [
  {
    alert: 'InviteProxyLedgerFailing',
    means: 'Steps of the ledger failed within 5 minutes.',
    sql: counted('ledger_failures', 'step', 5),
  },
  {
    alert: 'InviteProxyLedgerDamaged',
    means: 'Stored values could not be read within 15 minutes.',
    sql: counted('ledger_unreadable', 'part', 15),
  },
  {
    alert: 'InviteProxyTrailChanged',
    means: 'A verification of the trail within 15 minutes found it changed.',
    // Points are counted: the least of no points is 0, and an idle deployment verifies nothing for hours.
    sql: `SELECT SUM(if(${VALUE_COLUMN} < 1, 1, 0)) AS times
FROM ${DATASET}
WHERE ${is('audit_trail_intact')} AND ${within(15)}
HAVING times > 0`,
  },
  {
    alert: 'InviteProxyCheckpointStale',
    means: 'For 5 minutes there were records without a checkpoint, and the last checkpoint is older than 15 minutes.',
    sql: `SELECT MIN(if(${is('audit_uncovered_records')}, ${VALUE_COLUMN}, 1000000000)) AS uncovered,
  MAX(if(${is('audit_checkpoint_timestamp_seconds')}, ${VALUE_COLUMN}, 0)) AS made_at,
  SUM(if(${is('audit_uncovered_records')}, 1, 0)) AS looks
FROM ${DATASET}
WHERE ${oneOf(NAME_COLUMN, ['audit_uncovered_records', 'audit_checkpoint_timestamp_seconds'])} AND ${within(5)}
HAVING looks > 0 AND uncovered > 0 AND made_at < toUnixTimestamp(NOW()) - 900`,
  },
  {
    alert: 'InviteProxySinkBehind',
    means: 'For 5 minutes the oldest record that a sink has not taken was older than 15 minutes.',
    sql: `SELECT ${labelColumn('audit_sink_lag_seconds', 'sink')} AS sink, MIN(${VALUE_COLUMN}) AS seconds
FROM ${DATASET}
WHERE ${is('audit_sink_lag_seconds')} AND ${within(5)}
GROUP BY sink
HAVING seconds > 900`,
  },
  {
    alert: 'InviteProxyRecordReplaced',
    means: 'A sink refused records for their content within an hour.',
    sql: counted('audit_items_refused', 'sink', 60),
  },
  {
    alert: 'InviteProxyKeyRefused',
    means: 'Galileo refused every key for an invite within 5 minutes.',
    sql: counted('invite_endings', 'reason', 5, KEY_REFUSED),
  },
  {
    alert: 'InviteProxyCurrentKeyRefused',
    means: 'The next key was used within 15 minutes, because Galileo refused the current one.',
    sql: counted('upstream_attempts', 'slot', 15, `${labelColumn('upstream_attempts', 'slot')} = 'next'`),
  },
  {
    alert: 'InviteProxyGalileoUnreachable',
    means: 'More than half of the invites within 10 minutes were not sent, or ended without an answer.',
    sql: `SELECT ${amountIf(
      `(${ENDING} = 'not_sent' AND NOT ${oneOf(REASON, ['credentials_rejected', 'rate_limited'])}) OR ${ENDING} = 'unknown'`,
    )} AS failed, SUM(${AMOUNT}) AS ended
FROM ${DATASET}
WHERE ${is('invite_endings')} AND ${within(10)}
HAVING failed > 0.5 * ended`,
  },
  {
    alert: 'InviteProxyOutcomeUnknown',
    means: 'For 10 minutes there were requests whose outcome is unknown.',
    sql: `SELECT MIN(${VALUE_COLUMN}) AS requests
FROM ${DATASET}
WHERE ${is('requests_unknown')} AND ${within(10)}
HAVING requests > 0`,
  },
  {
    alert: 'InviteProxyIssuerKeysFailing',
    means: 'Within 30 minutes no fetch of the keys of this issuer worked, and some failed.',
    sql: `SELECT ${labelColumn('key_set_fetches', 'issuer')} AS issuer,
  ${amountIf(`${labelColumn('key_set_fetches', 'result')} = 'ok'`)} AS worked, SUM(${AMOUNT}) AS fetches
FROM ${DATASET}
WHERE ${is('key_set_fetches')} AND ${within(30)}
GROUP BY issuer
HAVING worked = 0 AND fetches > 0`,
  },
  {
    alert: 'InviteProxyPolicyRefused',
    means: 'A policy from KV was refused, or the ledger could not take it, within 10 minutes.',
    sql: counted('policy_reloads', 'result', 10, `${labelColumn('policy_reloads', 'result')} != 'loaded'`),
  },
  {
    alert: 'InviteProxyOverloaded',
    means: 'Requests were answered with 503 `overloaded` within 5 minutes.',
    sql: counted('requests_shed', 'reason', 5),
  },
  {
    alert: 'InviteProxyErrorBudgetFast',
    means: 'More than 1.44 % of the requests of an hour failed by the making of this service.',
    sql: burn(14.4, 60),
  },
  {
    alert: 'InviteProxyErrorBudgetSlow',
    means: 'More than 0.6 % of the requests of 6 hours failed by the making of this service.',
    sql: burn(6, 360),
  },
];

/** The alerts that have no query, and why. docs/deploy-workers.md says the same. */
export const NOT_ON_WORKERS: Readonly<Record<string, string>> = {
  InviteProxyDown: 'a Worker has no process; let a monitor ask `/readyz` from outside',
  InviteProxyRestarting: 'a Worker has no process',
  InviteProxyNotReady: 'let a monitor ask `/readyz` from outside',
  InviteProxyDiskLow: 'the storage of a Durable Object has no such level; Cloudflare’s dashboard shows its size',
  InviteProxyDiskFilling: 'as above',
  InviteProxyClockDoubted: 'the platform keeps the clock, and it is trusted as it is',
};

/** The text of deploy/workers/alerts.sql. */
export function describeWorkersAlerts(): string {
  const head = `-- Alerts of a deployment on Workers, for the SQL API of Analytics Engine. Made by npm run docs from tools/workers-alerts.ts.
-- A query returns a row for each thing that is wrong, and none on an ordinary day. The names are those of the sections in
-- docs/runbooks.md. ${DATASET} is the dataset that wrangler.toml names.`;
  const queries = WORKERS_ALERTS.map(({ alert, means, sql }) => `-- ${alert}: ${means}\n${sql};`);
  return `${[head, ...queries].join('\n\n')}\n`;
}
