/**
 * Every query of the dashboards in deploy/grafana and of docs/runbooks.md, asked of Debian's Prometheus that scrapes a
 * service on an ordinary day. What is empty then has its reason in the table of the panels.
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
  panels: z.array(z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })) })),
});
const PANELS = Object.entries(DASHBOARDS).flatMap(([name, { panels }]) => {
  const written = dashboard.parse(JSON.parse(root(`deploy/grafana/${name}.json`))).panels;
  return panels.map(({ emptyWhenCalm }, index) => ({ ...written[index]!, dashboard: name, emptyWhenCalm }));
});

/** As Grafana fills in its variables. */
function filled(expression: string): string {
  return expression.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*');
}

/** The panels that have no number now, though an ordinary day gives them one. */
async function silentPanels({ query }: Prometheus): Promise<readonly string[]> {
  const silent: string[] = [];
  for (const { dashboard: name, title, targets, emptyWhenCalm } of PANELS) {
    for (const { expr } of targets) {
      const found = await query(filled(expr));
      const hasNumber = found.some(({ value }) => Number.isFinite(value));
      if (!hasNumber && emptyWhenCalm === undefined) silent.push(`${name}: ${title}: ${expr}`);
    }
  }
  return silent;
}

describe('what operators ask of Prometheus', () => {
  it('has an answer: every panel of the dashboards', async () => {
    const service = await startRunning();
    const prometheus = await startPrometheus(shortenedRules(), [{ port: service.opsPort, labels: {} }]);
    const { query } = prometheus;
    // A rate needs a scrape before the traffic and one behind it, and a day has traffic all along.
    const afterTraffic = async (): Promise<readonly string[]> => {
      await ordinaryTraffic(service);
      return await silentPanels(prometheus);
    };
    await expect.poll(afterTraffic, { timeout: 90_000, interval: 1_000 }).toEqual([]);
    expect(PANELS.length).toBeGreaterThan(30);
    // The runbooks ask when something is wrong, so an empty answer is right. It must parse.
    const runbooks = [...root('docs/runbooks.md').matchAll(/```promql\n([^]*?)```/g)].map(([, text = '']) => text);
    expect(runbooks.length).toBeGreaterThan(10);
    for (const text of [...runbooks, ...readRules().map(({ expr }) => expr)]) await query(text);
  });
});
