/**
 * The alerts of deploy/prometheus against services that really go wrong, by Debian's Prometheus: each fires for what it is
 * about, and nothing else does. promtool checks the rules, their tests and the service's own metrics.
 */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { readAlerts, RULES_PATH } from '../../support/alert-rules.ts';
import { startRunning } from '../running.ts';
import { mountSmallDisk, unmountSmallDisk } from '../disks/small-disk.ts';
import { startPrometheus } from './prometheus.ts';
import type { Prometheus } from './prometheus.ts';
import { shortenedRules } from './shortened-rules.ts';
import { CALM, diskFull, ordinaryTraffic, SCENARIOS } from './scenarios.ts';
import type { Begun } from './scenarios.ts';

const run = promisify(execFile);

const disk = mountSmallDisk('6m');
afterAll(() => unmountSmallDisk(disk));
const scenarios = disk === null ? SCENARIOS : [...SCENARIOS, diskFull(disk)];
const withoutDisk = disk === null ? ' (without the full disk: this user may not mount a file system)' : '';

/** The names of the alerts that fire or are about to, by scenario. */
async function raised({ alerts }: Prometheus): Promise<Record<string, string[]>> {
  const all = await alerts();
  const of = (scenario: string): string[] =>
    all
      .filter(({ labels }) => labels.scenario === scenario)
      .map(({ labels, state }) => `${labels.alertname ?? ''}${state === 'firing' ? '' : ` (${state})`}`)
      .toSorted();
  return Object.fromEntries(scenarios.map(({ name }) => [name, of(name)]));
}

describe('the alerts', () => {
  it('pass promtool’s checks and their own tests', async () => {
    await run('promtool', ['check', 'rules', '--lint-fatal', RULES_PATH]);
    const { stdout } = await run('promtool', ['test', 'rules', RULES_PATH.replace('rules.yaml', 'rules.test.yaml')]);
    expect(stdout).toContain('SUCCESS');
  });

  it('are all caused below', () => {
    const caused = [...SCENARIOS, diskFull('')].flatMap(({ expected }) => expected);
    const names = readAlerts().map(({ alert }) => alert);
    expect([...new Set(caused)].toSorted()).toEqual(names.toSorted());
  });

  it(`fire for what they are about, and for nothing else${withoutDisk}`, { timeout: 240_000 }, async () => {
    const begun: (Begun & { readonly name: string })[] = [];
    // One after the other: each looks for a free port, and at once two would find the same.
    for (const { name, begin } of scenarios) begun.push({ name, ...(await begin()) });
    const prometheus = await startPrometheus(
      shortenedRules(),
      begun.map(({ name, service }) => ({ port: service.opsPort, labels: { scenario: name } })),
    );
    const up = async () => (await prometheus.query('count(count_over_time(up[1m]) > 1 and up == 1)'))[0]?.value;
    await expect.poll(up, { timeout: 60_000 }).toBe(scenarios.length);
    await Promise.all(begun.map(({ cause }) => cause(prometheus)));
    const expected = Object.fromEntries(scenarios.map(({ name, expected: names }) => [name, names.toSorted()]));
    await expect.poll(() => raised(prometheus), { timeout: 60_000, interval: 1_000 }).toEqual(expected);

    // Not even for a moment. On a busy machine a scrape may take longer than its second: then Prometheus takes the service for down.
    const everOf = await prometheus.query(
      `count_over_time(ALERTS{scenario="${CALM.name}",alertname!="InviteProxyDown"}[10m])`,
    );
    expect(everOf).toEqual([]);
    for (const { labels, annotations } of await prometheus.alerts()) {
      const text = `${labels.alertname ?? ''}: ${annotations.summary ?? ''} ${annotations.description ?? ''}`;
      expect(text).not.toMatch(/no value|error expanding|NaN|\{\{/i);
      expect(text).toContain(labels.instance);
    }
  });
});

describe('the metrics of the service', () => {
  it('follow the conventions of Prometheus', async () => {
    const service = await startRunning();
    await ordinaryTraffic(service);
    const text = await (await fetch(`http://127.0.0.1:${String(service.opsPort)}/metrics`)).text();
    // prom-client's own metrics have names that promtool objects to.
    const own = text.split('\n').filter((line) => /^(?:# \w+ )?galileo_invite_proxy_/.test(line));
    expect(own.length).toBeGreaterThan(200);
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: `${own.join('\n')}\n`, encoding: 'utf8' });
    expect(`${checked.stdout}${checked.stderr}`).toBe('');
  });
});
