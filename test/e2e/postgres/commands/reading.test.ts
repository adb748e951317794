import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { VerifyReport } from '../../../../src/cli/audit/verify-report.ts';
import { connectTo, freshSchema } from '../../../support/postgres/postgres-ledger.ts';
import { startPostgres } from '../../../support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../../support/postgres/postgres-server.ts';
import { startRunning } from '../../running.ts';
import type { Running } from '../../running.ts';
import { runCli } from '../cli.ts';

/** Every command that reads a ledger, on a ledger in PostgreSQL that a service is writing to. */
let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.remove());

const urlOf = (schema: string, user = 'postgres'): string =>
  `postgres://${user}@127.0.0.1:${server.port}/postgres?schema=${schema}`;

async function sql(statement: string): Promise<void> {
  const connections = connectTo(server.port, 1);
  const connection = await connections.connect();
  await connection.run(statement);
  connection.release();
  await connections.close();
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-reading-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

/** A service with an accepted invite, its replay, a refused one and one whose outcome is unknown. */
async function liveLedger(): Promise<{
  readonly LEDGER_URL: string;
  readonly schema: string;
  readonly service: Running;
}> {
  const schema = freshSchema();
  const LEDGER_URL = urlOf(schema);
  const service = await startRunning({ LEDGER_URL });
  const token = await service.token();
  const invite = (email: string, key?: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${service.port}/v2/invite_users`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        ...(key === undefined ? {} : { 'Idempotency-Key': key }),
      },
      body: JSON.stringify({ emails: [email], auth_method: 'okta' }),
    });
  for (const times of [1, 2])
    expect([times, (await invite('ann@acme.com', 'onboarding-run-1')).status]).toEqual([times, 200]);
  expect((await invite('eve@rival.io')).status).toBe(403);
  service.standIns.galileo.script({ kind: 'hangup', when: 'after_body' });
  expect((await invite('bo@acme.com', 'onboarding-run-2')).status).toBe(504);
  return { LEDGER_URL, schema, service };
}

async function verify(args: readonly string[], LEDGER_URL: string) {
  const { code, out, err } = await runCli(['audit', 'verify', '--json', ...args], { LEDGER_URL });
  if (out === '') throw new Error(err);
  return { code, report: JSON.parse(out) as VerifyReport };
}

describe('audit verify of a ledger in PostgreSQL', () => {
  it('finds the whole trail and every table intact beside the running service', async () => {
    const { LEDGER_URL } = await liveLedger();
    const { code, report } = await verify([], LEDGER_URL);
    expect(report.ledger).toMatchObject({ verdict: 'intact', findings_total: 0, policies: { kept: 1, not_kept: [] } });
    expect(code).toBe(0);
    const text = await runCli(['audit', 'verify'], { LEDGER_URL });
    expect(text.out).toMatch(/^intact/m);
  });

  it('names an edited record, and a request that its records refute, with the same words as of a file', async () => {
    const { LEDGER_URL, schema } = await liveLedger();
    await sql(`UPDATE "${schema}".records SET line = replace(line, 'ann@acme.com', 'eve@acme.com') WHERE seq = 4`);
    await sql(`UPDATE "${schema}".requests SET state = 'refused' WHERE state = 'accepted'`);
    const { code, report } = await verify([], LEDGER_URL);
    expect(code).toBe(1);
    expect(report.ledger?.findings.map(({ kind, place }) => [kind, place])).toEqual([
      ['edited', 'ledger seq 4'],
      ['request_refuted', 'ledger seq 5'],
    ]);
  });

  it('needs no more than the right to read the tables', async () => {
    const { schema } = await liveLedger();
    await sql(`CREATE ROLE auditor LOGIN`);
    const refused = await runCli(['audit', 'verify'], { LEDGER_URL: urlOf(schema, 'auditor') });
    expect([refused.code, refused.err]).toEqual([
      2,
      expect.stringContaining('LEDGER_URL cannot be used: its user may not read the ledger: GRANT USAGE'),
    ]);
    await sql(
      `GRANT USAGE ON SCHEMA "${schema}" TO auditor; GRANT SELECT ON ALL TABLES IN SCHEMA "${schema}" TO auditor`,
    );
    const { code, report } = await verify(['--ledger', urlOf(schema, 'auditor')], 'sqlite:./never-read.db');
    expect([code, report.verdict]).toEqual([0, 'intact']);
  });
});

describe('the other commands on a ledger in PostgreSQL', () => {
  it('export what audit verify then finds to agree with the ledger', async () => {
    const { LEDGER_URL } = await liveLedger();
    const folder = await temporaryFolder();
    const lines = join(folder, 'lines.ndjson');
    const exported = await runCli(['audit', 'export', '--out', lines], { LEDGER_URL });
    expect([exported.code, exported.out]).toEqual([0, expect.stringContaining('records and ')]);
    const { code, report } = await verify(['--lines', lines, '--ledger', LEDGER_URL], LEDGER_URL);
    expect([code, report.ledger?.verdict, report.lines?.verdict]).toEqual([0, 'intact', 'intact']);
  });

  it('tail, search, show and name the policy that decided', async () => {
    const { LEDGER_URL } = await liveLedger();
    const tail = await runCli(['audit', 'tail', '--lines', '3', '--format', 'native'], { LEDGER_URL });
    const last = tail.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; request_id: string; policy: { digest: string } })
      // The first one is made when the service has time for it.
      .filter(({ kind }) => kind !== 'checkpoint');
    expect(last.map(({ kind }) => kind)).toEqual(['denial', 'intent', 'outcome']);
    const found = await runCli(['audit', 'search', '--outcome', 'denied'], { LEDGER_URL });
    expect([found.code, found.out]).toEqual([0, expect.stringContaining('eve@rival.io')]);
    const shown = await runCli(['audit', 'show', last[2]?.request_id ?? ''], { LEDGER_URL });
    expect([shown.code, shown.out]).toEqual([0, expect.stringContaining(`From the ledger ${LEDGER_URL}: records`)]);
    const policy = await runCli(['policy', 'show', last[2]?.policy.digest ?? ''], { LEDGER_URL });
    expect([policy.code, policy.out]).toEqual([0, expect.stringContaining('hr-staff')]);
  });

  it('lists the unknown requests, and lets a person settle one beside the service', async () => {
    const { LEDGER_URL } = await liveLedger();
    const listed = await runCli(['requests', 'unknown', '--json'], { LEDGER_URL });
    const { requests } = JSON.parse(listed.out) as { requests: { id: string }[] };
    expect(requests).toHaveLength(1);
    const settle = [
      'requests',
      'settle',
      requests[0]?.id ?? '',
      '--as',
      'accepted',
      '--reason',
      'listed since 10:02',
      '--by',
      'Ann Smith',
    ];
    expect(await runCli(settle, { LEDGER_URL })).toMatchObject({ code: 0, out: expect.stringContaining('settled') });
    const again = await runCli(settle, { LEDGER_URL });
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('is accepted already')]);
    expect((await runCli(['requests', 'unknown'], { LEDGER_URL })).out).toContain('0 unknown requests');
    expect((await verify([], LEDGER_URL)).report.verdict).toBe('intact');
  });

  it('doctor compares the tables with the last records', async () => {
    const { LEDGER_URL, schema } = await liveLedger();
    const ledgerCheck = async () => {
      const { out } = await runCli(['doctor', '--json'], { LEDGER_URL });
      const { checks } = JSON.parse(out) as { checks: { id: string; status: string; message: string }[] };
      return checks.find(({ id }) => id === 'ledger');
    };
    expect(await ledgerCheck()).toMatchObject({
      status: 'ok',
      message: expect.stringContaining('the tables agree with it (compared: the last'),
    });
    await sql(`UPDATE "${schema}".requests SET state = 'refused' WHERE state = 'accepted'`);
    expect(await ledgerCheck()).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('has tables that say something else than its records'),
    });
  });

  it('policy diff asks recorded requests of the server', async () => {
    const { LEDGER_URL } = await liveLedger();
    const folder = await temporaryFolder();
    const policy = (domain: string): string => `version: 1
callers:
  hr-portal: { issuer: dev, client_id: [hr-portal] }
rules:
  - { id: hr-staff, allow: [hr-portal], domains: [${domain}], roles: any, auth_methods: any }
`;
    const [old, next] = [join(folder, 'old.yaml'), join(folder, 'new.yaml')];
    await writeFile(old, policy('acme.com'));
    await writeFile(next, policy('rival.io'));
    const args = ['policy', 'diff', old, next, '--issuers', 'dev', '--ledger', LEDGER_URL, '--json'];
    const { code, out, err } = await runCli(args, {});
    expect([code, err]).toEqual([1, '']);
    expect((JSON.parse(out) as { requests: { asked: number } }).requests.asked).toBe(3);
  });
});
