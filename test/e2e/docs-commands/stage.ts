/**
 * Where the commands of README and docs are run: a folder that looks like a checkout, beside a running service with
 * stand-ins, whose ledger has some history. The files that the pages name are there.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { Service } from '../../../dev/service.ts';
import { startService } from '../../../dev/service.ts';
import { startStandIns } from '../../../dev/stand-ins.ts';
import { ROOT } from '../../arch/source-tree.ts';
import { freePort } from '../../support/servers/free-port.ts';
import type { PlannedBlock } from './plan.ts';

const run = promisify(execFile);

export interface Stage {
  /** Runs the commands one after the other in one shell. */
  run(commands: readonly string[], planned: PlannedBlock): Promise<Ran>;
  /** The texts of a plan with what is known here. */
  filled(text: string): string;
  close(): Promise<void>;
}

export interface Ran {
  readonly exits: readonly number[];
  /** Of both streams. */
  readonly printed: string;
}

/** A command that never ends fails its test, and no other. */
const MAX_BLOCK_MS = 110_000;
const EXIT = '== exit ';
/** What a checkout does not have, or a stage must not share. */
const LEFT_OUT = new Set(['.git', 'data', 'policy.yaml', '.wrangler', 'dist']);
/** For the service, which does not end by itself. */
const RUN_UNTIL_LISTENING = `run_until_listening() {
  PORT=0 OPS_PORT=0 "$@" > service.log 2>&1 & local pid=$!
  grep -m 1 '"event":"listening"' < <(tail -n +1 -f --pid="$pid" service.log) || cat service.log
  kill "$pid" 2>/dev/null; wait "$pid"
}`;

export async function openStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'invite-proxy-docs-'));
  for (const name of await readdir(ROOT)) if (!LEFT_OUT.has(name)) await symlink(join(ROOT, name), join(folder, name));
  await run('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', join(folder, 'audit-signing-key.pem')]);
  const keyOut = ['-pubout', '-out', join(folder, 'audit-signing-key.pub.pem')];
  await run('openssl', ['pkey', '-in', join(folder, 'audit-signing-key.pem'), ...keyOut]);

  const standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
  const opsPort = await freePort();
  const settings = {
    ...standIns.env,
    PORT: '0',
    OPS_PORT: String(opsPort),
    POLICY_FILE: 'dev/policy.yaml',
    LEDGER_URL: `sqlite:${join(folder, 'running/ledger.db')}`,
    LEDGER_MIN_FREE_MB: '0',
    AUDIT_SIGNING_KEY_FILE: join(folder, 'audit-signing-key.pem'),
  };
  const delivered: { readonly kind: 'record' | 'checkpoint'; readonly text: string }[] = [];
  const start = (): Promise<Service> =>
    startService(
      { PATH: process.env.PATH, ...settings },
      {
        onLine(text) {
          const { record, checkpoint } = JSON.parse(text) as { record?: object; checkpoint?: object };
          if (record !== undefined) delivered.push({ kind: 'record', text: JSON.stringify(record) });
          if (checkpoint !== undefined) delivered.push({ kind: 'checkpoint', text: JSON.stringify(checkpoint) });
        },
      },
    );
  let service = await start();
  const token = await standIns.identityProvider.issue({ sub: 'ann', client_id: 'hr-portal' });
  const invite = async (email: string): Promise<string> => {
    const response = await fetch(`${service.url}/v2/invite_users`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ emails: [email], auth_method: 'okta' }),
    });
    return response.headers.get('X-Request-Id') ?? '';
  };
  const requestId = await invite('ann@acme.com');
  const [unknownId, otherUnknownId] = [await invite('hangup+1@acme.com'), await invite('hangup+2@acme.com')];
  // At its end a service delivers all records and a checkpoint that covers them.
  await service.stop();

  const environment = {
    ...{ ...settings, HOME: process.env.HOME, TOKEN: token, REQUEST_ID: requestId, NO_COLOR: '1' },
    PATH: [join(ROOT, 'node_modules/.bin'), process.env.PATH].join(delimiter),
  };
  const known: Readonly<Record<string, string>> = {
    ...{ requestId, unknownId, otherUnknownId, issuer: standIns.issuer },
    keyFile: join(folder, 'galileo-api-key'),
    month: new Date(await recordTime()).toISOString().slice(0, 7),
  };
  const filled = (text: string): string =>
    text.replaceAll('{url}', service.url).replaceAll(/\{(\w+)\}/g, (all, name: string) => known[name] ?? all);

  await writeFile(join(folder, 'galileo-api-key'), standIns.env.GALILEO_API_KEY ?? '', { mode: 0o600 });
  await writeFile(join(folder, 'address.txt'), 'ann@acme.com\n');
  const lines = delivered.map(({ text }) => `${text}\n`);
  const middle = Math.ceil(lines.length / 2);
  await writeFile(join(folder, 'collected.ndjson'), lines.join(''));
  await writeFile(join(folder, 'january.ndjson.gz'), gzipSync(lines.slice(0, middle).join('')));
  await writeFile(join(folder, 'february.ndjson.gz'), gzipSync(lines.slice(middle).join('')));
  await writeFile(
    join(folder, 'kept.ndjson'),
    delivered.flatMap(({ kind, text }) => (kind === 'checkpoint' ? [`${text}\n`] : [])).join(''),
  );
  const backup = await shell(['npm run cli -- ledger backup --out ledger.db']);
  if (backup.exits[0] !== 0) throw new Error(`no backup: ${backup.printed}`);
  service = await start();

  return {
    filled,
    async run(commands, { replace = {} }) {
      const block = commands.join('\n');
      const missing = Object.keys(replace).find((text) => !block.includes(text));
      if (missing !== undefined) throw new Error(`the block does not hold ${missing}`);
      return await shell(
        commands.map((command) => {
          let text = command;
          for (const [from, to] of Object.entries(replace)) text = text.replaceAll(from, filled(to));
          return local(text);
        }),
      );
    },
    async close() {
      await service.stop();
      await standIns.close();
      await rm(folder, { recursive: true });
    },
  };

  /** The addresses of a local run, as they are here. */
  function local(text: string): string {
    return text
      .replaceAll('http://127.0.0.1:8080', service.url)
      .replaceAll('localhost:9091', `localhost:${opsPort}`)
      .replaceAll('run --silent token --', `run --silent token -- --issuer ${standIns.issuer}`);
  }

  async function shell(commands: readonly string[]): Promise<Ran> {
    const kim = `kim() { npm run --silent token -- --issuer ${standIns.issuer} --user kim; }`;
    const script = [
      RUN_UNTIL_LISTENING,
      kim,
      ...commands.map((one) => `${one}\nprintf '\\n%s%s\\n' '${EXIT}' "$?"`),
    ].join('\n');
    const { stdout } = await run('bash', ['-c', `{ ${script}\n} 2>&1`], {
      ...{ cwd: folder, env: environment },
      timeout: MAX_BLOCK_MS,
    });
    const exits = [...stdout.matchAll(new RegExp(`^${EXIT}(\\d+)$`, 'gm'))].map(([, code]) => Number(code));
    return { exits, printed: stdout };
  }

  async function recordTime(): Promise<string> {
    const [first] = delivered;
    return (JSON.parse(first?.text ?? '{}') as { time: string }).time;
  }
}
