import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { groupIdOf } from '../../../dev/galileo-groups.ts';
import { serveGalileo } from '../../../dev/galileo.ts';
import type { ServedGalileo } from '../../../dev/galileo.ts';
import { startNodeService } from '../../../src/platform/node/service.ts';
import { freePort } from '../../support/servers/free-port.ts';

/** GALILEO_LOOKUPS on Node, in the composition: who runs the look-ups, what operators see, and that a stop ends them. */
const KEY = 'test-key-0f3c9a7e5b1d2468';
const POLICY = `
version: 1
groups: { annotators: ${groupIdOf('annotators')}, board: ${groupIdOf('board')} }
rules: []
`;

async function start(galileo: ServedGalileo, changes: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-look-ups-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'policy.yaml'), POLICY);
  const lines: string[] = [];
  const output = {
    line: (text: string) => void lines.push(text),
    write: async () => undefined,
    flush: async () => undefined,
  };
  const opsPort = String(await freePort());
  const env = {
    ...{ PORT: '0', OPS_PORT: opsPort, INSECURE_DEV: '1', GALILEO_API_KEY: KEY, GALILEO_API_URL: galileo.url },
    AUTH_ISSUERS: JSON.stringify([{ name: 'corp', issuer: 'https://login.example.com', audience: 'galileo-invites' }]),
    POLICY_FILE: join(folder, 'policy.yaml'),
    LEDGER_URL: `sqlite:${join(folder, 'ledger.db')}`,
    ...changes,
  };
  const started = await startNodeService({ env, output });
  if (started.kind === 'refused') throw new Error(started.problems.join('\n'));
  const metrics = async (): Promise<string> => await (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text();
  return { service: started.service, lines, metrics };
}

async function openGalileo(): Promise<ServedGalileo> {
  const galileo = await serveGalileo({ port: 0, apiKeys: [KEY] });
  onTestFinished(() => galileo.close());
  galileo.groups.create(groupIdOf('annotators'), 'Annotators');
  return galileo;
}

it('a service looks up when it starts, and shows operators the missing groups as a number and a warning', async () => {
  const galileo = await openGalileo();
  const { service, lines, metrics } = await start(galileo, { GALILEO_LOOKUPS: 'on' });
  await expect.poll(metrics).toMatch(/^galileo_invite_proxy_groups_missing 1$/m);
  const text = await metrics();
  expect(text).toContain('galileo_invite_proxy_group_look_ups_total{result="answered"} 1');
  expect(text).toContain('galileo_invite_proxy_group_look_ups_total{result="unanswered"} 0');
  const warned = lines.filter((line) => line.includes('policy_groups_missing'));
  expect(warned).toEqual([expect.stringContaining(groupIdOf('board'))]);
  expect(await service.close()).toBe(true);
  expect(galileo.lookUps).toHaveLength(1);
});

it('a service without look-ups asks Galileo for nothing, and has no such series', async () => {
  const galileo = await openGalileo();
  const { service, metrics } = await start(galileo, {});
  const text = await metrics();
  expect(text).not.toMatch(/^galileo_invite_proxy_(?:groups_missing|group_look_ups_total)[ {]/m);
  await service.close();
  expect([...galileo.lookUps, ...galileo.received]).toEqual([]);
});

it('a stop waits for a look-up that gets no answer no longer than its time limit', async () => {
  const galileo = await openGalileo();
  galileo.scriptGroups({ kind: 'answer', status: 200, after: new Promise(() => undefined) });
  const { service, lines } = await start(galileo, { GALILEO_LOOKUPS: 'on', GALILEO_TIMEOUT_MS: '300' });
  await expect.poll(() => galileo.lookUps.length).toBe(1);
  expect(await service.close()).toBe(true);
  expect(lines.some((line) => line.includes('group_look_up_failed') && line.includes('"timeout"'))).toBe(true);
});
