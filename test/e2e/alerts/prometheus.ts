/** Debian's Prometheus server with the rules of this repository, for one test: it scrapes and judges once a second. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import * as z from 'zod';
import { freePort } from '../../support/servers/free-port.ts';

export interface Prometheus {
  /** The result of an instant query: one entry a series. Rejects when it does not parse. */
  query(expression: string): Promise<readonly Series[]>;
  /** What is pending or firing now. */
  alerts(): Promise<readonly Alert[]>;
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Alert {
  readonly state: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Target {
  readonly port: number;
  readonly labels: Readonly<Record<string, string>>;
}

const texts = z.record(z.string(), z.string());
const answer = z.object({ status: z.literal('success'), data: z.looseObject({}) });
const vector = z.object({
  result: z.array(z.object({ metric: texts, value: z.tuple([z.number(), z.string()]) })),
});
const alertList = z.object({ alerts: z.array(z.object({ state: z.string(), labels: texts, annotations: texts })) });

/** Resolves when it answers. `rules` is the text of a rule file. */
export async function startPrometheus(rules: string, targets: readonly Target[]): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-prometheus-'));
  await writeFile(join(folder, 'rules.yaml'), rules);
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yaml'],
    scrape_configs: [
      {
        job_name: 'galileo-invite-proxy',
        static_configs: targets.map(({ port, labels }) => ({ targets: [`127.0.0.1:${String(port)}`], labels })),
      },
    ],
  };
  await writeFile(join(folder, 'prometheus.yaml'), stringify(config));
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${String(port)}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let log = '';
  const ready = Promise.withResolvers<void>();
  child.stderr.on('data', (chunk) => {
    log += String(chunk);
    if (log.includes('Server is ready to receive web requests')) ready.resolve();
  });
  child.once('error', ready.reject);
  const exited = once(child, 'close');
  void exited.then(() => ready.reject(new Error(`prometheus ended: ${log}`)));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true });
  });
  await ready.promise;

  async function ask(path: string): Promise<object> {
    const response = await fetch(`${url}/api/v1/${path}`);
    const body: unknown = await response.json();
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(body)}`);
    return answer.parse(body).data;
  }
  return {
    async query(expression) {
      const { result } = vector.parse(await ask(`query?query=${encodeURIComponent(expression)}`));
      return result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
    },
    alerts: async () => alertList.parse(await ask('alerts')).alerts,
  };
}
