import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DEMO_AUDIENCE } from '../../../dev/identity-provider.ts';
import type { StandIns } from '../../../dev/stand-ins.ts';
import { startStandIns } from '../../../dev/stand-ins.ts';
import type { PostgresServer } from '../postgres/postgres-server.ts';
import { postgresPrograms, startPostgres } from '../postgres/postgres-server.ts';
import { freePort } from '../servers/free-port.ts';
import { COMPOSE_FOLDER, composeFile } from './compose-file.ts';

/**
 * What deploy/compose composes, without an engine: its PostgreSQL with its settings and its script, its settings of the
 * replicas and its configuration, on loopback and with stand-ins for Galileo and the issuer.
 */
export interface Composed {
  readonly standIns: StandIns;
  readonly server: PostgresServer;
  /** The environment of each replica, with a port of its own. */
  readonly replicas: readonly [Replica, Replica];
  remove(): Promise<void>;
}

export interface Replica {
  readonly port: number;
  readonly opsPort: number;
  readonly env: Readonly<Record<string, string>>;
}

const PASSWORD = 'a password for "tests" \\ with $special \'characters\'';

export async function startComposed(): Promise<Composed> {
  const { services } = composeFile();
  const folder = await mkdtemp(join(tmpdir(), 'composed-'));
  const standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
  const server = await startPostgres({
    settings: (services['postgres']?.command ?? []).filter((word) => word.includes('=')),
    // As the image does it: a password for each connection over the network.
    prepare: (data, run) => {
      const access = ['--auth-local=trust', '--auth-host=scram-sha-256'];
      run('initdb', ['-D', data, '-U', 'postgres', ...access, '-E', 'UTF8', '--no-sync', '--locale=C']);
    },
  });
  const inFolder = (name: string): string => join(folder, name);
  await writeFile(inFolder('ledger-password'), `${PASSWORD}\n`);
  await writeFile(inFolder('galileo-api-key'), `${standIns.env['GALILEO_API_KEY'] ?? ''}\n`);
  const programs = await postgresPrograms();
  execFileSync('sh', [join(COMPOSE_FOLDER, 'postgres/create-ledger.sh')], {
    env: {
      PATH: `${programs}:${process.env['PATH'] ?? ''}`,
      PGHOST: dirname(server.data),
      PGPORT: String(server.port),
      LEDGER_PASSWORD_FILE: inFolder('ledger-password'),
    },
    stdio: 'pipe',
  });

  cpSync(join(COMPOSE_FOLDER, 'config'), folder, { recursive: true });
  const [issuer] = JSON.parse(await readFile(inFolder('issuers.json'), 'utf8')) as [{ name: string }];
  const issuers = [{ name: issuer.name, issuer: standIns.issuer, audience: DEMO_AUDIENCE }];
  await writeFile(inFolder('issuers.json'), JSON.stringify(issuers));
  const policy = await readFile(inFolder('policy.yaml'), 'utf8');
  // A test invites more people than an app does in a day.
  await writeFile(inFolder('policy.yaml'), policy.replace('emails: 500 }', 'emails: 1000000 }'));

  const replica = async (name: string): Promise<Replica> => {
    const { LEDGER_URL = '', ...settings } = services[name]?.environment ?? {};
    const mounted = Object.entries(settings).map(([setting, value]) => [
      setting,
      value.replace(/^.*\/(?=[^/]*$)/, setting.endsWith('_FILE') ? `${folder}/` : '$&'),
    ]);
    const [port, opsPort] = [await freePort(), await freePort()];
    return {
      port,
      opsPort,
      env: {
        ...(Object.fromEntries(mounted) as Record<string, string>),
        LEDGER_URL: LEDGER_URL.replace('@postgres:5432/', `@127.0.0.1:${server.port}/`),
        POLICY_FILE: inFolder('policy.yaml'),
        // As in the image: not loopback, so a stop waits for balancers.
        ...{ HOST: '0.0.0.0', PORT: String(port), OPS_PORT: String(opsPort) },
        ...{ INSECURE_DEV: '1', GALILEO_API_URL: standIns.galileoUrl },
      },
    };
  };
  return {
    standIns,
    server,
    replicas: [await replica('service-1'), await replica('service-2')],
    async remove() {
      await server.remove();
      await standIns.close();
      await rm(folder, { recursive: true });
    },
  };
}
