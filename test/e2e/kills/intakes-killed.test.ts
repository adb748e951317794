/**
 * The real process is killed while an intake of the audit trail takes a batch, and its credentials are replaced before it
 * is back: no record is lost, and what arrives twice is the same line with the same id.
 */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { StandIns } from '../../../dev/stand-ins.ts';
import { startStandIns } from '../../../dev/stand-ins.ts';
import { createFakeClock } from '../../support/clock.ts';
import { served } from '../../support/intakes/served.ts';
import type { StandIn } from '../../support/intakes/stand-in.ts';
import { createStandIn } from '../../support/intakes/stand-in.ts';
import type { Vendor } from '../../support/intakes/vendor.ts';
import { VENDORS } from '../../support/intakes/vendors.ts';
import { readTrail } from '../../support/ledger/read-trail.ts';
import type { Service } from '../started.ts';
import { startService } from '../started.ts';

const OLD_TOKEN = 'intake-token-5f0c2b7a91';
const NEW_TOKEN = 'intake-token-77d1e0c4b2';
/** The request that kills the service. The batch before it was acknowledged. */
const FATAL_REQUEST = 2;

let standIns: StandIns;
beforeAll(async () => {
  standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
});
afterAll(() => standIns.close());

/** The otlp sink has its credentials in the environment, so nothing replaces them while it runs. */
const INTAKES = VENDORS.filter(({ intake }) => intake !== 'otlp');

describe.each(INTAKES)('$name', (vendor) => {
  it('gets every record although the service is killed in the middle of a batch', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-intake-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const intake = createStandIn(vendor, createFakeClock(Date.now()), OLD_TOKEN);
    const { http, isAnswered } = observed(intake);
    const env = await settings(folder, vendor, await served(vendor, { http }));

    const first = await start(env);
    const died = once(first.child, 'exit');
    intake.conduct.at = (request) => {
      if (request !== FATAL_REQUEST) return 'works';
      first.child.kill('SIGKILL');
      return 'cut half way';
    };
    const token = await standIns.identityProvider.issue({ sub: 'hr-portal' });
    // One after the other until a second batch has killed it: however much fits into the first one.
    for (let n = 0; first.child.signalCode === null; n += 1) await invite(first, token, n);
    await died;
    intake.conduct.at = () => 'works';

    intake.conduct.token = NEW_TOKEN;
    const second = await start(env);
    await isAnswered();
    expect(missing(intake, folder)).not.toBe(0);
    await writeFile(env['AUDIT_HTTP_TOKEN_FILE'] ?? '', NEW_TOKEN);
    while (missing(intake, folder) > 0) await isAnswered();
    second.child.kill('SIGTERM');
    await once(second.child, 'exit');

    const lines = new Set(intake.stored.map(({ line }) => line));
    expect(new Set(intake.stored.map(({ id }) => id)).size).toBe(lines.size);
    expect(trail(folder).filter((line) => !lines.has(line))).toEqual([]);
  });
});

async function settings(folder: string, { intake }: Vendor, url: string): Promise<Readonly<Record<string, string>>> {
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, OLD_TOKEN);
  await writeFile(
    join(folder, 'policy.yaml'),
    `version: 1
callers: { hr-portal: { issuer: dev, client_id: [hr-portal] } }
rules: [{ id: staff, allow: [hr-portal], domains: [acme.com], roles: any, auth_methods: any }]
`,
  );
  return {
    ...{ PATH: process.env.PATH ?? '', ...standIns.env, PORT: '0', OPS_PORT: '0' },
    ...{ POLICY_FILE: join(folder, 'policy.yaml'), LEDGER_URL: `sqlite:${join(folder, 'ledger.db')}` },
    ...{ AUDIT_SINKS: 'http', AUDIT_HTTP_PRESET: intake, AUDIT_HTTP_URL: url, AUDIT_HTTP_TOKEN_FILE: tokenFile },
  };
}

async function start(env: Readonly<Record<string, string>>): Promise<Service> {
  const service = await startService(env);
  onTestFinished(() => void service.child.kill('SIGKILL'));
  return service;
}

/** Also resolves when the process dies before it answers. */
async function invite({ url }: Service, token: string, n: number): Promise<void> {
  const answer = await fetch(`${url}/v2/invite_users`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ emails: [`person-${String(n)}@acme.com`], auth_method: 'okta' }),
  }).catch(() => null);
  await answer?.arrayBuffer().catch(() => undefined);
}

/** The intake, and a promise for the end of its next exchange. */
function observed({ http }: StandIn): Pick<StandIn, 'http'> & { isAnswered(): Promise<void> } {
  let next = Promise.withResolvers<void>();
  return {
    http: {
      async exchange(request) {
        const result = await http.exchange(request);
        next.resolve();
        next = Promise.withResolvers();
        return result;
      },
    },
    isAnswered: () => next.promise,
  };
}

const trail = (folder: string): readonly string[] => readTrail(join(folder, 'ledger.db'));

/** How many records the ledger has that the intake has not. */
function missing({ stored }: StandIn, folder: string): number {
  const lines = new Set(stored.map(({ line }) => line));
  return trail(folder).filter((line) => !lines.has(line)).length;
}
