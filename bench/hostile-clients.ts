/**
 * `node bench/hostile-clients.ts [seconds]`: how fast good callers are answered while hostile clients of every kind hold
 * 60 connections each, and how much memory the service takes, with the heap that docs/operations.md names. Time and count
 * are bounded. The crowds and the callers share the machine with the service, so the figures promise no rate.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { startService } from '../dev/service.ts';
import { startStandIns } from '../dev/stand-ins.ts';
import { sendHostileClients } from '../test/support/servers/hostile-clients.ts';

const CROWD = 60;
const HEAP_MIB = 256;
const POLICY = `
version: 1
callers:
  hr-portal: { issuer: dev, client_id: [hr-portal] }
rules:
  - { id: hr-staff, allow: [hr-portal], domains: [acme.com], roles: any, auth_methods: any }
`;

const seconds = Math.min(60, Number(process.argv[2] ?? 20));
if (!(seconds > 0)) throw new Error('usage: node bench/hostile-clients.ts [seconds]');

const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-bench-'));
const policyFile = join(folder, 'policy.yaml');
await writeFile(policyFile, POLICY);
const standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
const refused: Record<string, number> = {};
const service = await startService(
  {
    ...standIns.env,
    ...{ PATH: process.env.PATH, PORT: '0', OPS_PORT: '0', POLICY_FILE: policyFile },
    ...{ LEDGER_URL: `sqlite:${join(folder, 'ledger.db')}`, NODE_OPTIONS: `--max-old-space-size=${String(HEAP_MIB)}` },
  },
  {
    onLine(text) {
      const line = JSON.parse(text) as Record<string, unknown>;
      if (line['event'] !== 'connections_refused') return;
      for (const [reason, count] of Object.entries(line))
        if (typeof count === 'number' && reason !== 'time') refused[reason] = (refused[reason] ?? 0) + count;
    },
  },
);

const token = await standIns.identityProvider.issue({ sub: 'hr-portal' });
const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
const ASKED: Readonly<Record<string, (n: number) => Promise<Response>>> = {
  invite: (n) =>
    fetch(`${service.url}/v2/invite_users`, {
      ...{ method: 'POST', headers, body: JSON.stringify({ emails: [`p${String(n)}@acme.com`], auth_method: 'okta' }) },
    }),
  policy: () => fetch(`${service.url}/v2/invite_policy`, { headers }),
  document: () => fetch(`${service.url}/openapi.json`),
};

const { port } = new URL(service.url);
const crowd = sendHostileClients(Number(port), CROWD);
const durationsMs: number[] = [];
const failures: Record<string, number> = {};
const endsAtMs = performance.now() + seconds * 1000;
for (let n = 0; performance.now() < endsAtMs; n += 1) {
  for (const [name, ask] of Object.entries(ASKED)) {
    const startedAtMs = performance.now();
    const result = await ask(n).then(
      (response) => response.arrayBuffer().then(() => String(response.status)),
      (error: unknown) => String((error as Error).cause ?? error),
    );
    durationsMs.push(performance.now() - startedAtMs);
    if (result !== '200') failures[`${name}: ${result}`] = (failures[`${name}: ${result}`] ?? 0) + 1;
  }
}
const status = await readFile(`/proc/${String(service.child.pid)}/status`, 'utf8').catch(() => '');
crowd.callOff();
await service.stop();
await standIns.close();
await rm(folder, { recursive: true });

durationsMs.sort((a, b) => a - b);
const [, peakKib = ''] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
const at = (share: number): string =>
  `${(durationsMs[Math.floor((durationsMs.length - 1) * share)] ?? 0).toFixed(0)} ms`;
console.log(`${String(cpus().length)} processors, Node ${process.version}, ${String(seconds)} s`);
console.log(`answers ${String(durationsMs.length)}, p50 ${at(0.5)}, p99 ${at(0.99)}, slowest ${at(1)}`);
console.log(`failures ${JSON.stringify(failures)}`);
console.log(
  `memory at its most ${(Number(peakKib) / 1024).toFixed(0)} MiB; connections opened ${JSON.stringify(crowd.opened)}`,
);
console.log(`connections refused ${JSON.stringify(refused)}`);
