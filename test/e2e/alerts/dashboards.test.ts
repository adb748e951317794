/**
 * Every query of the dashboards in deploy/grafana and of docs/runbooks.md, asked of Debian's Prometheus that scrapes a
 * service on an ordinary day: those of the variables, too, and the panels with what they choose. What is empty then has its
 * reason in the table of the panels.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readRules } from '../../support/alert-rules.ts';
import { DASHBOARDS } from '../../../tools/dashboards/dashboards.ts';
import { startRunning } from '../running.ts';
import { startPrometheus } from './prometheus.ts';
import type { Prometheus } from './prometheus.ts';
import { ordinaryTraffic } from './scenarios.ts';
import { shortenedRules } from './shortened-rules.ts';

const root = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

const dashboard = z.object({
  panels: z.array(
    z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string(), legendFormat: z.string() })) }),
  ),
  templating: z.object({
    list: z.array(
      z.discriminatedUnion('type', [
        z.object({ type: z.literal('datasource') }),
        z.object({ type: z.literal('query'), name: z.string(), query: z.object({ query: z.string() }) }),
      ]),
    ),
  }),
});
const PANELS = Object.entries(DASHBOARDS).flatMap(([name, { panels }]) => {
  const written = dashboard.parse(JSON.parse(root(`deploy/grafana/${name}.json`))).panels;
  return panels.map(({ emptyWhenCalm }, index) => ({ ...written[index]!, dashboard: name, emptyWhenCalm }));
});

const VARIABLES = Object.keys(DASHBOARDS).flatMap((name) =>
  dashboard
    .parse(JSON.parse(root(`deploy/grafana/${name}.json`)))
    .templating.list.flatMap((variable) => (variable.type === 'query' ? [{ ...variable, dashboard: name }] : [])),
);

interface Choice {
  readonly dashboard: string;
  readonly name: string;
  readonly value: string | undefined;
}

/** The first choice of each variable, as Grafana asks for it: `label_values(METRIC, LABEL)`. */
async function choices({ query }: Prometheus): Promise<readonly Choice[]> {
  const chosen: Choice[] = [];
  for (const { dashboard: of, name, query: asked } of VARIABLES) {
    const [, metric = '', label = ''] = /^label_values\((\w+), (\w+)\)$/.exec(asked.query) ?? [];
    chosen.push({ dashboard: of, name, value: (await query(metric))[0]?.metric[label] });
  }
  return chosen;
}

/** As Grafana fills in the variables of a dashboard: a choice is escaped, because it stands in a regular expression. */
function filled(expression: string, chosen: readonly Choice[]): string {
  return chosen.reduce(
    (text, { name, value = '' }) => text.replaceAll(`$${name}`, value.replaceAll('.', String.raw`\\.`)),
    expression.replaceAll('$__rate_interval', '1m'),
  );
}

/** What has no answer now, though an ordinary day gives one: a variable, a panel, a name in a legend. */
async function silent(prometheus: Prometheus): Promise<readonly string[]> {
  const chosen = await choices(prometheus);
  const found = chosen.flatMap(({ dashboard: of, name, value }) => (value === undefined ? [`${of}: $${name}`] : []));
  for (const { dashboard: name, title, targets, emptyWhenCalm } of PANELS) {
    const own = chosen.filter(({ dashboard: of }) => of === name);
    for (const { expr, legendFormat } of targets) {
      const series = await prometheus.query(filled(expr, own));
      const hasNumber = series.some(({ value }) => Number.isFinite(value));
      if (!hasNumber && emptyWhenCalm === undefined) found.push(`${name}: ${title}: ${expr}`);
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
        if (series.some(({ metric }) => metric[label] === undefined)) found.push(`${name}: ${title}: {{${label}}}`);
    }
  }
  return found;
}

describe('what operators ask of Prometheus', () => {
  it('has an answer: every panel of the dashboards', async () => {
    const service = await startRunning();
    const prometheus = await startPrometheus(shortenedRules(), [{ port: service.opsPort, labels: {} }]);
    const { query } = prometheus;
    // A rate needs a scrape before the traffic and one behind it, and a day has traffic all along.
    const afterTraffic = async (): Promise<readonly string[]> => {
      await ordinaryTraffic(service);
      return await silent(prometheus);
    };
    await expect.poll(afterTraffic, { timeout: 90_000, interval: 1_000 }).toEqual([]);
    expect(PANELS.length).toBeGreaterThan(30);
    // The runbooks ask when something is wrong, so an empty answer is right. It must parse.
    const runbooks = [...root('docs/runbooks.md').matchAll(/```promql\n([^]*?)```/g)].map(([, text = '']) => text);
    expect(runbooks.length).toBeGreaterThan(10);
    for (const text of [...runbooks, ...readRules().map(({ expr }) => expr)]) await query(text);
  });
});
