/** Tests with real files, replaced in every common way. Each test waits for the event, never for the poll. */
import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPolicyFile } from '../../../../src/platform/node/policy/file.ts';
import { createMetrics } from '../../../../src/platform/node/telemetry/metrics.ts';
import { exposePolicyStatus } from '../../../../src/platform/node/telemetry/policy-metrics.ts';
import type { PolicyReload } from '../../../../src/platform/node/policy/reload.ts';
import { POLL_INTERVAL_MS } from '../../../../src/platform/node/policy/reload.ts';
import { openPolicy, SMALL_LENGTH, watchPolicy } from '../../../../src/platform/node/policy/source.ts';
import { loadPolicyInThread } from '../../../../src/platform/node/policy/thread.ts';
import { schedule } from '../../../../src/platform/node/runtime.ts';
import { loadPolicy } from '../../../../src/policy/load.ts';
import { createFakeClock } from '../../../support/clock.ts';
import { EXAMPLE_POLICY, policyFrom, TEST_ISSUERS } from '../../../support/policy.ts';

const policyText = (id: string): string => `
version: 1
callers:
  portal: { issuer: corp, client_id: [hr-portal] }
rules:
  - { id: ${id}, allow: [portal], domains: [acme.com], roles: any, auth_methods: any }
`;

let folder = '';
let open: PolicyReload[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'invite-proxy-policy-'));
});
afterEach(async () => {
  for (const policy of open) policy.close();
  open = [];
  await rm(folder, { recursive: true });
});

/** Watches a file without polling. */
async function watchAt(path: string) {
  const reported: string[] = [];
  const waiting = new Set<() => void>();
  const tell = (event: string): void => {
    reported.push(event);
    for (const check of waiting) check();
  };
  const metrics = createMetrics();
  const opened = await watchPolicy({
    role: 'active',
    path,
    issuers: TEST_ISSUERS,
    schedule: { after: (ms, task) => (ms === POLL_INTERVAL_MS ? () => undefined : schedule.after(ms, task)) },
    clock: createFakeClock(),
    logger: { debug: tell, info: tell, warn: tell, error: tell },
    metrics,
  });
  if (opened.kind === 'refused') throw new Error('the policy of this test does not load');
  const { policy } = opened;
  open.push(policy);
  exposePolicyStatus(metrics, { active: policy, shadow: undefined });
  return {
    policy,
    metrics,
    digest: () => policy.current().digest,
    /** Resolves when this event has been logged this many times since the start. */
    async reported(event: string, times = 1): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      const check = (): void => {
        if (reported.filter((one) => one === event).length >= times) resolve();
      };
      waiting.add(check);
      check();
      await promise;
      waiting.delete(check);
    },
  };
}

const FIRST = policyText('first');
const SECOND = policyText('second');
const THIRD = policyText('third');
const digestOf = (text: string): string => policyFrom(text).digest;

describe('a watched file', () => {
  it('is loaded when a new one is renamed into its place, again and again', async () => {
    const path = join(folder, 'policy.yaml');
    await writeFile(path, FIRST);
    const file = await watchAt(path);
    expect(file.digest()).toBe(digestOf(FIRST));
    for (const [times, text] of [SECOND, THIRD, FIRST].entries()) {
      await writeFile(`${path}.tmp`, text);
      await rename(`${path}.tmp`, path);
      await file.reported('policy_loaded', times + 1);
      expect(file.digest()).toBe(digestOf(text));
    }
  });

  it('is loaded when it is written in place', async () => {
    const path = join(folder, 'policy.yaml');
    await writeFile(path, FIRST);
    const file = await watchAt(path);
    await writeFile(path, SECOND);
    await file.reported('policy_loaded');
    expect(file.digest()).toBe(digestOf(SECOND));
  });

  it('is loaded when an editor moves the old one away and writes a new one', async () => {
    const path = join(folder, 'policy.yaml');
    await writeFile(path, FIRST);
    const file = await watchAt(path);
    await rename(path, `${path}~`);
    await writeFile(path, SECOND);
    await file.reported('policy_loaded');
    expect(file.digest()).toBe(digestOf(SECOND));
  });

  it('is loaded when Kubernetes swaps the folder that it is linked through', async () => {
    // /etc/policy/policy.yaml → ..data/policy.yaml, ..data → ..2026_a; the swap renames another ..data over it.
    const publish = async (version: string, text: string): Promise<void> => {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, 'policy.yaml'), text);
      await symlink(version, join(folder, '..data_tmp'));
      await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    await publish('..2026_a', FIRST);
    await symlink(join('..data', 'policy.yaml'), join(folder, 'policy.yaml'));
    const file = await watchAt(join(folder, 'policy.yaml'));
    await publish('..2026_b', SECOND);
    await rm(join(folder, '..2026_a'), { recursive: true });
    await file.reported('policy_loaded');
    expect(file.digest()).toBe(digestOf(SECOND));
  });

  it('keeps the policy it had while the file is gone or bad, and says so in its metrics', async () => {
    const path = join(folder, 'policy.yaml');
    await writeFile(path, FIRST);
    const file = await watchAt(path);
    await unlink(path);
    await file.reported('policy_refused');
    await writeFile(`${path}.tmp`, `${SECOND}misspelt: 1\nalso: 1\n`);
    await rename(`${path}.tmp`, path);
    await file.reported('policy_refused', 2);
    expect(file.digest()).toBe(digestOf(FIRST));
    const { text } = await file.metrics.expose();
    expect(text).toContain(`galileo_invite_proxy_policy_info{role="active",digest="${digestOf(FIRST)}"} 1\n`);
    expect(text).toContain('galileo_invite_proxy_policy_last_result_success{role="active"} 0\n');
    expect(text).toContain('galileo_invite_proxy_policy_problems{role="active"} 2\n');
    expect(text).toContain('galileo_invite_proxy_policy_reloads_total{role="active",result="refused"} 2\n');
    await writeFile(`${path}.tmp`, SECOND);
    await rename(`${path}.tmp`, path);
    await file.reported('policy_loaded');
    const later = (await file.metrics.expose()).text;
    expect(later).toContain('galileo_invite_proxy_policy_last_result_success{role="active"} 1\n');
    expect(later).not.toContain(digestOf(FIRST));
    expect(later).not.toContain('role="shadow"');
  });

  it('is judged in a thread when it is large, so that no request waits for it, and here when it is small', async () => {
    let threads = 0;
    const count = (): void => void (threads += 1);
    process.on('worker', count);
    const path = join(folder, 'policy.yaml');
    await writeFile(path, FIRST);
    const file = await watchAt(path);
    await writeFile(`${path}.tmp`, SECOND);
    await rename(`${path}.tmp`, path);
    await file.reported('policy_loaded');
    expect(threads).toBe(0);
    await writeFile(`${path}.tmp`, `${THIRD}#${' '.repeat(SMALL_LENGTH)}\n`);
    await rename(`${path}.tmp`, path);
    await file.reported('policy_loaded', 2);
    expect(threads).toBe(1);
    expect(file.digest()).toBe(digestOf(THIRD));
    process.off('worker', count);
  });

  it('refuses to begin with a bad one', async () => {
    const path = join(folder, 'policy.yaml');
    await writeFile(path, 'version: 2\nrules: []\n');
    expect(await openPolicy(path, TEST_ISSUERS)).toMatchObject({
      kind: 'refused',
      problems: [{ line: 1, column: 10 }],
    });
  });
});

describe('what is no policy file at all', () => {
  it.each([
    ['not there', async () => undefined, /^the file cannot be read \(ENOENT\): there is none/],
    ['a folder', (path: string) => mkdir(path), /^the path is not that of a file: if it is a folder, Docker made it/],
    [
      'not text',
      (path: string) => writeFile(path, Uint8Array.of(0x76, 0xff)),
      /^the file is not UTF-8 but probably Windows-1252; save it as UTF-8$/,
    ],
    ['far too long', (path: string) => writeFile(path, new Uint8Array(12 * 1024 * 1024 + 1)), /longer than \d+ bytes/],
  ])('is not a policy with problems but an unreadable file when it is %s', async (_title, make, message) => {
    const path = join(folder, 'odd');
    await make(path);
    expect(await readPolicyFile(path)).toMatchObject({ kind: 'unreadable', message: expect.stringMatching(message) });
  });
});

describe('a policy that was judged in a thread', () => {
  it('is the very policy that this thread would have made', async () => {
    const loaded = await loadPolicyInThread(EXAMPLE_POLICY, { issuers: TEST_ISSUERS });
    expect(loaded).toEqual(loadPolicy(EXAMPLE_POLICY, { issuers: TEST_ISSUERS }));
    expect(loaded.kind).toBe('loaded');
  });

  it('is refused with the same problems', async () => {
    const text = `${EXAMPLE_POLICY}  - { as: hr-portal, invite: ann@acme.com, role: admin, expect: allow }\n`;
    const loaded = await loadPolicyInThread(text, { issuers: TEST_ISSUERS });
    expect(loaded).toEqual(loadPolicy(text, { issuers: TEST_ISSUERS }));
    expect(loaded.kind).toBe('refused');
  });
});
