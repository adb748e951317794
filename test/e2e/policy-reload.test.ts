/** A policy file that changes while `node src/node.ts` serves. */
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Service } from './started.ts';
import { startService } from './started.ts';
import type { StandIns } from '../../dev/stand-ins.ts';
import { startStandIns } from '../../dev/stand-ins.ts';
import { policyFrom } from '../support/policy.ts';
import { freePort } from '../support/servers/free-port.ts';

/** Even versions allow the role `user` and odd versions refuse it, each by a rule with its own name. */
const policyText = (n: number): string => `
version: 1
callers:
  portal: { issuer: dev, client_id: [hr-portal] }
rules:
  - { id: never, deny: any, domains: [rival.io] }
  - { id: staff-${n}, allow: [portal], domains: [acme.com], roles: [${n % 2 === 0 ? 'user' : 'read_only'}], auth_methods: any }
tests:
  - { as: portal, invite: eve@rival.io, expect: deny, by: never }
`;
/** Broken files. Each would allow an address that no valid version allows, if it were loaded. */
const WIDE = '  - { id: wide, allow: [portal], domains: [acme.com, rival.io], roles: any, auth_methods: any }\n';
const BROKEN: readonly ((good: string) => string)[] = [
  (good) => good.replace(/ {2}- \{ id: never.*\n/, WIDE),
  (good) => `${good.replace('tests:', `${WIDE}tests:`)}misspelt: []\n`,
  (good) => good.slice(0, good.indexOf('roles:')),
  () => '',
];
const digestOf = (text: string): string => policyFrom(text, ['dev']).digest;

interface LogLine {
  readonly event: string;
  readonly role?: string;
  readonly digest?: string;
}

let folder = '';
let path = '';
let standIns: StandIns;
let service: Service | null = null;
/** The service's log lines so far, and the checks that run when another line comes. */
let lines: LogLine[] = [];
const waiting = new Set<() => void>();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invite-proxy-reload-'));
  path = join(folder, 'policy.yaml');
  standIns = await startStandIns({}, { identityProvider: 0, galileo: 0 });
  lines = [];
});

afterEach(async () => {
  if (service?.child.exitCode === null) service.child.kill('SIGKILL');
  service = null;
  await standIns.close();
  await rm(folder, { recursive: true });
});

async function start(extra: Record<string, string> = {}, onLine: (line: string) => void = () => undefined) {
  service = await startService(
    {
      PATH: process.env.PATH ?? '',
      ...standIns.env,
      PORT: '0',
      OPS_PORT: '0',
      POLICY_FILE: path,
      LEDGER_URL: `sqlite:${join(folder, 'ledger.db')}`,
      ...extra,
    },
    {
      onLine: (line) => {
        onLine(line);
        lines.push(JSON.parse(line) as LogLine);
        for (const check of waiting) check();
      },
    },
  );
  return service;
}

/** Resolves when a log line that fits has come, from line `from` on. */
async function reported(accept: (line: LogLine) => boolean, from = 0): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const check = (): void => {
    if (lines.slice(from).some(accept)) resolve();
  };
  waiting.add(check);
  check();
  await promise;
  waiting.delete(check);
}

async function replace(text: string, target = path): Promise<void> {
  await writeFile(`${target}.tmp`, text);
  await rename(`${target}.tmp`, target);
}

const invite = (token: string, url: string): Promise<Response> =>
  fetch(`${url}/v2/invite_users`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ emails: ['ann@acme.com'] }),
  });

describe('a policy that is swapped 20 times under 200 requests a second, every third time for a broken one', () => {
  const REQUESTS = 2_000;
  const REQUEST_EVERY_MS = 5;
  const SWAPS = 20;
  const SWAP_EVERY_MS = 500;
  /** Each denial has a record of its own up to 20 a minute of one subject, so each subject asks so often and no more. */
  const REQUESTS_OF_SUBJECT = 20;
  /** Fewer than the concurrency limit, which other tests cover. */
  const MAX_IN_FLIGHT = 50;

  it(
    'fails no request, and each answer is the one that the policy of its digest gives',
    { timeout: 240_000 },
    async () => {
      const good = Array.from({ length: SWAPS + 1 }, (_, n) => policyText(n));
      const numberOf = new Map(good.map((text, n) => [digestOf(text), n]));
      const records = new Map<string, { digest: string; decisions: { rule: string }[] }>();
      await writeFile(path, good[0]!);
      const { url, stop } = await start({}, (line) => {
        const { record } = JSON.parse(line) as { record?: { request_id: string; policy: never } };
        if (record !== undefined) records.set(record.request_id, record.policy);
      });
      const seen: { status: number; digest: string | null; id: string | null; body: string }[] = [];
      const failed: unknown[] = [];
      const answered = new EventEmitter();
      const answeredUnder = async (digest: string): Promise<void> => {
        while (failed.length === 0 && !seen.some((one) => one.digest === digest)) await once(answered, 'one');
      };
      const beganMs = performance.now();
      const until = (ms: number): Promise<void> =>
        new Promise((resolve) => setTimeout(resolve, Math.max(0, beganMs + ms - performance.now())));
      let swapping = true;

      const requests = async (): Promise<void> => {
        const inFlight = new Set<Promise<void>>();
        let token = '';
        for (let n = 0; n < REQUESTS || swapping; n += 1) {
          await until(n * REQUEST_EVERY_MS);
          if (inFlight.size >= MAX_IN_FLIGHT) await Promise.race(inFlight);
          if (n % REQUESTS_OF_SUBJECT === 0)
            token = await standIns.identityProvider.issue({ sub: `person-${n}`, client_id: 'hr-portal' });
          const one = invite(token, url)
            .then(async (response) => {
              const { status, headers } = response;
              seen.push({
                status,
                digest: headers.get('Policy-Digest'),
                id: headers.get('X-Request-Id'),
                body: await response.text(),
              });
            })
            .catch((error: unknown) => void failed.push(error))
            .finally(() => {
              inFlight.delete(one);
              answered.emit('one');
            });
          inFlight.add(one);
        }
        await Promise.all(inFlight);
      };
      const swaps = async (): Promise<void> => {
        await answeredUnder(`sha256:${digestOf(good[0]!)}`);
        for (let n = 1; n <= SWAPS; n += 1) {
          await until(n * SWAP_EVERY_MS);
          const from = lines.length;
          const text = n % 3 === 0 ? BROKEN[(n / 3) % BROKEN.length]!(good[n]!) : good[n]!;
          await replace(text);
          const digest = n % 3 === 0 ? null : digestOf(text);
          await reported((line) => (digest === null ? line.event === 'policy_refused' : line.digest === digest), from);
          // Each good policy decides before the next one comes.
          if (digest !== null) await answeredUnder(`sha256:${digest}`);
        }
        swapping = false;
      };
      await Promise.all([requests(), swaps()]);

      expect(failed).toEqual([]);
      expect(seen.length).toBeGreaterThanOrEqual(REQUESTS);
      for (const { status, digest, id, body } of seen) {
        const n = numberOf.get(digest?.replace('sha256:', '') ?? '') ?? Number.NaN;
        expect(n === 0 || n % 3 > 0, 'an answer under the digest of no good file').toBe(true);
        expect(status).toBe(n % 2 === 0 ? 200 : 403);
        if (status === 403) expect(JSON.parse(body)).toMatchObject({ decisions: [{ rule: `staff-${n}` }] });
        expect(id).not.toBeNull();
      }
      // Two of three swaps are to a good one.
      expect(new Set(seen.map(({ digest }) => digest)).size).toBe(1 + SWAPS - Math.floor(SWAPS / 3));
      expect(standIns.galileo.received).toHaveLength(seen.filter(({ status }) => status === 200).length);
      // All records are delivered once the service has stopped.
      expect(await stop()).toBe(0);
      for (const { digest, id } of seen) {
        const record = records.get(id!);
        expect(`sha256:${record?.digest}`).toBe(digest);
        expect(record?.decisions.map(({ rule }) => rule)).toEqual([`staff-${numberOf.get(record!.digest)}`]);
      }
    },
  );
});

describe('a process that serves', () => {
  it('judges its policy again at SIGHUP, and tells operators when it does not take it', async () => {
    await writeFile(path, policyText(0));
    const opsPort = await freePort();
    const { child, url } = await start({ OPS_PORT: String(opsPort) });
    const ops = async (): Promise<unknown> => (await fetch(`http://127.0.0.1:${opsPort}/readyz`)).json();
    const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text();

    child.kill('SIGHUP');
    await reported(({ event }) => event === 'policy_loaded');
    expect(await ops()).toMatchObject({ policy: { digest: digestOf(policyText(0)), last: { result: 'loaded' } } });

    await replace(BROKEN[0]!(policyText(1)));
    await reported(({ event }) => event === 'policy_refused');
    expect(await ops()).toMatchObject({
      status: 'ready',
      policy: {
        digest: digestOf(policyText(0)),
        last: {
          result: 'refused',
          problem_count: 1,
          problems: [{ line: 9, message: expect.stringContaining('test') }],
        },
      },
    });
    expect(await metrics()).toMatch(/^galileo_invite_proxy_policy_last_result_success\{role="active"\} 0$/m);
    const token = await standIns.identityProvider.issue({ sub: 'hr-portal' });
    expect((await invite(token, url)).status).toBe(200);
  });

  it('runs a shadow policy beside it, which may change and may turn bad without harm', async () => {
    await writeFile(path, policyText(0));
    const shadow = join(folder, 'shadow.yaml');
    await writeFile(shadow, policyText(1));
    const { url } = await start({ SHADOW_POLICY_FILE: shadow });
    const token = await standIns.identityProvider.issue({ sub: 'hr-portal' });
    expect((await invite(token, url)).status).toBe(200);
    await reported((line) => line.event === 'shadow_divergence');

    const from = lines.length;
    await replace('', shadow);
    await reported(({ event, role }) => event === 'policy_refused' && role === 'shadow', from);
    expect((await invite(token, url)).status).toBe(200);
    await reported((line) => line.event === 'shadow_divergence', from);

    await replace(policyText(2), shadow);
    await reported(({ event, role }) => event === 'policy_loaded' && role === 'shadow', from);
    const later = lines.length;
    expect((await invite(token, url)).status).toBe(200);
    expect(lines.slice(later).filter(({ event }) => event === 'shadow_divergence')).toEqual([]);
  });

  it('does not start with a bad shadow policy', async () => {
    await writeFile(path, policyText(0));
    const shadow = join(folder, 'shadow.yaml');
    await writeFile(shadow, BROKEN[0]!(policyText(1)));
    await expect(start({ SHADOW_POLICY_FILE: shadow })).rejects.toThrow('code 2');
  });
});
