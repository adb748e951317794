/**
 * `node bench/checkpoint-lag.ts [seconds] [connections]`: runs the service at the full rate of one process on a real
 * ledger file, and measures how far its checkpoints are behind. Each second it reads, beside the service, how many records
 * no checkpoint covers and how old the oldest of them is. After a clean stop it reads them again, verifies the trail with the
 * public key, and measures how long one slice of the trail's guard keeps the event loop. Exits 1 when a limit is passed:
 * 3,000 records or 10 s uncovered, whichever is more; a record that is uncovered after the stop; a trail that is not intact.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { generateKeyPairSync } from 'node:crypto';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { importVerificationKeys } from '../src/audit/checkpoint/signing-key.ts';
import { createTrailGuard, RECORDS_PER_SLICE } from '../src/audit/checkpoint/trail-guard.ts';
import { verifyTrail } from '../src/audit/verify/verify-trail.ts';
import { readLedgerTrail } from '../src/cli/ledger/read-trail.ts';
import { sha256 } from '../src/platform/node/runtime.ts';
import { readLedgerFile } from '../src/platform/node/ledger/reader.ts';
import type { LedgerReader } from '../src/ledger/ledger-reader.ts';
import { startService } from '../dev/service.ts';
import { startStandIns } from '../dev/stand-ins.ts';
import { freePort } from '../test/support/servers/free-port.ts';

const MOST_UNCOVERED = 3_000;
const MOST_UNCOVERED_MS = 10_000;
const POLICY = `
version: 1
callers:
  hr-portal: { issuer: dev, client_id: [hr-portal] }
rules:
  - { id: hr-staff, allow: [hr-portal], domains: [acme.com], roles: any, auth_methods: any }
`;

const seconds = Math.min(600, Number(process.argv[2] ?? 120));
const connections = Math.min(1_000, Number(process.argv[3] ?? 64));
if (!(seconds > 0 && connections > 0)) throw new Error('usage: node bench/checkpoint-lag.ts [seconds] [connections]');

interface Coverage {
  readonly records: number;
  readonly uncovered: number;
  /** Of the oldest uncovered record; 0 when there is none. */
  readonly ageMs: number;
}

async function coverageOf(reader: LedgerReader): Promise<Coverage> {
  const { head, checkpoint } = await reader.chain();
  const covered = checkpoint?.count ?? 0;
  const [oldest] = await reader.records(covered, 1);
  const { time } = oldest === undefined ? { time: null } : (JSON.parse(oldest.line) as { time: string });
  const ageMs = time === null ? 0 : Math.max(0, Date.now() - Date.parse(time));
  return { records: head.seq, uncovered: head.seq - covered, ageMs };
}

/** How long each slice of a guard that begins with the first record takes, in milliseconds. */
async function sliceTimes(reader: LedgerReader): Promise<number[]> {
  const { base, head } = await reader.chain();
  const guard = createTrailGuard(reader, sha256);
  const times: number[] = [];
  for (;;) {
    const startedAtMs = performance.now();
    const check = await guard.check({ base, head, checkpoint: null }, null);
    times.push(performance.now() - startedAtMs);
    if (check.kind === 'broken') throw new Error(`the guard found ${check.reason} at ${check.seq}`);
    if (check.verified.seq === head.seq) return times;
  }
}

const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-bench-'));
const path = join(folder, 'ledger.db');
const keys = generateKeyPairSync('ed25519');
const publicKey = String(keys.publicKey.export({ type: 'spki', format: 'pem' }));
await writeFile(join(folder, 'key.pem'), keys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
await writeFile(join(folder, 'policy.yaml'), POLICY);
const standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
const opsPort = await freePort();
const service = await startService({
  ...standIns.env,
  ...{ PATH: process.env.PATH, PORT: '0', OPS_PORT: String(opsPort), POLICY_FILE: join(folder, 'policy.yaml') },
  LEDGER_URL: `sqlite:${path}`,
  AUDIT_SIGNING_KEY_FILE: join(folder, 'key.pem'),
  // As behind a load balancer: one address may have all connections.
  TRUSTED_PROXY_HOPS: '1',
});
const token = await standIns.identityProvider.issue({ sub: 'hr-portal' });
const pool = new Pool(service.url, { connections, pipelining: 1 });
const reader = await readLedgerFile(path);

const statuses = new Map<number, number>();
let asked = 0;
async function loop(endsAtMs: number): Promise<void> {
  while (performance.now() < endsAtMs) {
    asked += 1;
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: '/v2/invite_users',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ emails: [`p${String(asked)}@acme.com`], auth_method: 'okta' }),
    });
    await body.dump();
    statuses.set(statusCode, (statuses.get(statusCode) ?? 0) + 1);
  }
}

/** The service's own measure of how long its event loop was kept, in milliseconds. */
async function loopLag(): Promise<{ readonly p99: number; readonly max: number }> {
  const text = await (await fetch(`http://127.0.0.1:${String(opsPort)}/metrics`)).text();
  const read = (name: string): number =>
    1000 * Number(new RegExp(String.raw`^\w*${name}(?:\{[^}]*\})? (\S+)$`, 'm').exec(text)?.[1]);
  return { p99: read('nodejs_eventloop_lag_p99_seconds'), max: read('nodejs_eventloop_lag_max_seconds') };
}

const samples: Coverage[] = [];
let maxLagMs = 0;
const startedAtMs = performance.now();
const endsAtMs = startedAtMs + seconds * 1000;
async function sample(): Promise<void> {
  for (let n = 1; startedAtMs + n * 1000 < endsAtMs; n += 1) {
    const { promise, resolve } = Promise.withResolvers<void>();
    setTimeout(resolve, Math.max(0, startedAtMs + n * 1000 - performance.now()));
    await promise;
    samples.push(await coverageOf(reader));
    maxLagMs = Math.max(maxLagMs, (await loopLag()).max);
  }
}
await Promise.all([sample(), ...Array.from({ length: connections }, () => loop(endsAtMs))]);
const elapsedS = (performance.now() - startedAtMs) / 1000;
reader.close();
await pool.close();
const stoppingAtMs = performance.now();
const code = await service.stop();
const stopMs = performance.now() - stoppingAtMs;

const stopped = await readLedgerFile(path);
const after = await coverageOf(stopped);
const slices = (await sliceTimes(stopped)).toSorted((a, b) => a - b);
const { base, head } = await stopped.chain();
const verifyingAtMs = performance.now();
const { report } = await verifyTrail(
  {
    name: 'ledger',
    kind: 'stored',
    lines: readLedgerTrail(stopped),
    base,
    head,
    droppedBefore: null,
    tables: stopped.tables,
  },
  { kept: [], reach: true, verifier: await importVerificationKeys([publicKey]), signedSince: 1, other: null },
);
const verifyS = (performance.now() - verifyingAtMs) / 1000;
const indexesAtMs = performance.now();
await stopped.tables.areIndexesSound();
const indexesS = (performance.now() - indexesAtMs) / 1000;
stopped.close();

const quantile = (share: number): string => (slices[Math.floor((slices.length - 1) * share)] ?? Number.NaN).toFixed(1);
const most = (pick: (sample: Coverage) => number): number => Math.max(0, ...samples.map(pick));
const accepted = statuses.get(200) ?? 0;
const text = (count: number): string => count.toLocaleString('en');
const outOfLimits = samples.filter(({ uncovered, ageMs }) => uncovered > MOST_UNCOVERED && ageMs > MOST_UNCOVERED_MS);
console.log(
  `node ${process.version}, ${String(cpus().length)} cores, ${String(connections)} connections, ${elapsedS.toFixed(1)} s`,
);
console.log(
  `invites accepted     ${text(accepted)}, ${(accepted / elapsedS).toFixed(0)} a second; ${text(after.records)} records`,
);
console.log(
  `answers by status    ${[...statuses].map(([status, count]) => `${String(status)}: ${text(count)}`).join(', ')}`,
);
console.log(
  `uncovered records    at most ${text(most(({ uncovered }) => uncovered))} in ${String(samples.length)} samples`,
);
console.log(`oldest uncovered     at most ${(most(({ ageMs }) => ageMs) / 1000).toFixed(1)} s`);
console.log(`out of limits        ${String(outOfLimits.length)} samples`);
console.log(
  `after a clean stop   ${text(after.uncovered)} uncovered, exit ${String(code)}, ${(stopMs / 1000).toFixed(1)} s`,
);
console.log(
  `slices of the guard  ${text(slices.length)} of at most ${String(RECORDS_PER_SLICE)} records: p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms, max ${quantile(1)} ms`,
);
console.log(`event loop, service  longest delay ${maxLagMs.toFixed(0)} ms`);
console.log(
  `audit verify         ${report.verdict}, proven to ${text(report.signed_to ?? 0)}, ${String(report.findings_total)} faults, ${verifyS.toFixed(1)} s, the indexes ${indexesS.toFixed(1)} s of it`,
);

await standIns.close();
await rm(folder, { recursive: true });
const isGood = outOfLimits.length === 0 && after.uncovered === 0 && report.verdict === 'intact' && code === 0;
process.exitCode = isGood ? 0 : 1;
