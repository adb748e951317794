/** Tests when a changed policy file is loaded. The test controls the time, the file and the loader. */
import { describe, expect, it } from 'vitest';
import type { PolicyFileRead } from '../../../../src/platform/node/policy/file.ts';
import {
  createPolicyReload,
  IN_PLACE_QUIET_MS,
  POLL_INTERVAL_MS,
  REPLACED_QUIET_MS,
} from '../../../../src/platform/node/policy/reload.ts';
import type { KeptPolicy } from '../../../../src/ledger/records/change-reporter.ts';
import { sha256Hex } from '../../../../src/lib/sha256.ts';
import { loadPolicy } from '../../../../src/policy/load.ts';
import type { PolicyLoaded } from '../../../../src/policy/load.ts';
import { createFakeClock, promisesSettled, TEST_TIME_MS } from '../../../support/clock.ts';
import { policyFrom } from '../../../support/policy.ts';

/** A good policy whose digest depends on `id`. */
const policyText = (id: string): string => `
version: 1
callers:
  portal: { issuer: corp, client_id: [hr-portal] }
rules:
  - { id: ${id}, allow: [portal], domains: [acme.com], roles: any, auth_methods: any }
tests:
  - { as: portal, invite: ann@acme.com, expect: allow, by: ${id} }
`;
const digestOf = (text: string): string => policyFrom(text).digest;

const FIRST = policyText('first');
const SECOND = policyText('second');
const BROKEN = `${policyText('broken')}  - { as: portal, invite: eve@rival.io, expect: allow }\n`;

/** Longer than every quiet time, and shorter than the poll interval. */
const LONG_MS = 2 * IN_PLACE_QUIET_MS;

interface Start {
  readonly load?: (text: string) => Promise<PolicyLoaded>;
  /** The file at the first check, when it differs from the file at the start. */
  readonly changedTo?: string;
  /** What each record of a policy waits for. */
  readonly recording?: Promise<void>;
}

function startReload(options: Start = {}) {
  const begunWith: PolicyFileRead = { kind: 'text', text: FIRST, file: 'inode-1' };
  let inode = options.changedTo === undefined ? 1 : 2;
  let onDisk: PolicyFileRead = { kind: 'text', text: options.changedTo ?? FIRST, file: `inode-${inode}` };
  let reads = 0;
  const judged: string[] = [];
  const lines: { level: string; event: string; fields: unknown }[] = [];
  const counted: string[] = [];
  const taken: KeptPolicy[] = [];
  const refused: unknown[] = [];
  const ledger = { fails: false };
  const keep =
    (level: string) =>
    (event: string, fields: unknown = {}) =>
      void lines.push({ level, event, fields });
  const clock = createFakeClock();
  const reload = createPolicyReload(
    {
      role: 'active',
      read: async () => {
        reads += 1;
        return onDisk;
      },
      load: async (text) => {
        judged.push(text);
        return await (options.load?.(text) ?? Promise.resolve(loadPolicy(text, { issuers: ['corp'] })));
      },
      schedule: clock,
      clock,
      logger: { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') },
      metrics: {
        count: (name, labels = {}) => void counted.push(`${name} ${Object.values(labels).join(' ')}`),
        observe: () => undefined,
      },
      record: {
        take: async (policy) => {
          if (ledger.fails) throw new Error('the ledger is full');
          await (options.recording ?? Promise.resolve());
          taken.push(policy);
        },
        refuse: (refusal) => void refused.push(refusal),
      },
    },
    { policy: policyFrom(FIRST), read: begunWith },
  );
  return {
    reload,
    taken,
    refused,
    ledger,
    clock,
    judged,
    lines,
    counted,
    reads: () => reads,
    digest: () => reload.current().digest,
    /** Replaces the file by another one under the same name. */
    replace(text: string) {
      inode += 1;
      onDisk = { kind: 'text', text, file: `inode-${inode}` };
    },
    /** Writes other content into the same file. */
    overwrite(text: string) {
      onDisk = { kind: 'text', text, file: `inode-${inode}` };
    },
    remove() {
      onDisk = { kind: 'unreadable', message: 'the file cannot be read (ENOENT)' };
    },
    /** Advances the time in small steps and runs everything that is due. */
    async elapse(ms: number) {
      const stepMs = 10;
      for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
        await promisesSettled();
        clock.advance(stepMs);
      }
      await promisesSettled();
    },
  };
}

describe('a file that was replaced', () => {
  it('is loaded once two reads agree', async () => {
    const file = startReload();
    await file.elapse(LONG_MS);
    file.replace(SECOND);
    file.reload.check();
    await file.elapse(REPLACED_QUIET_MS - 10);
    expect(file.judged).toEqual([]);
    expect(file.digest()).toBe(digestOf(FIRST));
    await file.elapse(20);
    expect(file.judged).toEqual([SECOND]);
    expect(file.digest()).toBe(digestOf(SECOND));
    expect(file.lines).toEqual([
      { level: 'info', event: 'policy_loaded', fields: { role: 'active', changed: true, digest: digestOf(SECOND) } },
    ]);
    expect(file.counted).toEqual(['policy_reloads active loaded']);
  });

  it('is judged once, however often it is said to have changed', async () => {
    const file = startReload();
    await file.elapse(LONG_MS);
    file.replace(SECOND);
    for (let n = 0; n < 20; n += 1) {
      file.reload.check();
      await file.elapse(10);
    }
    await file.elapse(LONG_MS);
    expect(file.judged).toEqual([SECOND]);
  });

  it('is found by the poll when no event reports it', async () => {
    const file = startReload();
    await file.elapse(LONG_MS);
    file.replace(SECOND);
    await file.elapse(POLL_INTERVAL_MS + REPLACED_QUIET_MS);
    expect(file.digest()).toBe(digestOf(SECOND));
  });

  it('is found when the change came between the first read and the first look', async () => {
    const file = startReload({ changedTo: SECOND });
    await file.elapse(LONG_MS);
    expect(file.digest()).toBe(digestOf(SECOND));
  });

  it('is not judged again when only the file is another, not its content', async () => {
    const file = startReload();
    await file.elapse(10);
    file.replace(FIRST);
    file.reload.check();
    await file.elapse(LONG_MS);
    expect(file.judged).toEqual([]);
  });

  it('is loaded in its last state when it changes again while it is judged', async () => {
    const slow = Promise.withResolvers<void>();
    const file = startReload({
      load: async (text) => {
        await slow.promise;
        return loadPolicy(text, { issuers: ['corp'] });
      },
    });
    file.replace(SECOND);
    file.reload.check();
    await file.elapse(LONG_MS);
    file.replace(policyText('third'));
    file.reload.check();
    await file.elapse(LONG_MS);
    expect(file.digest()).toBe(digestOf(FIRST));
    slow.resolve();
    await file.elapse(LONG_MS);
    expect(file.judged).toEqual([SECOND, policyText('third')]);
    expect(file.digest()).toBe(digestOf(policyText('third')));
  });
});

describe('a file that is written in place', () => {
  // Cut after the rules: this half would load, without its deny rule and without the tests that would fail.
  const whole = SECOND.replace('tests:', '  - { id: never, deny: any, domains: [rival.io] }\ntests:');
  const half = whole.slice(0, whole.indexOf('  - { id: never'));

  it('is never judged half written, though half of it would load', async () => {
    const file = startReload();
    expect(loadPolicy(half, { issuers: ['corp'] }).kind).toBe('loaded');
    await file.elapse(LONG_MS);
    for (const text of ['', half, whole.slice(0, half.length + 20), half, whole]) {
      file.overwrite(text);
      file.reload.check();
      await file.elapse(IN_PLACE_QUIET_MS - 100);
      expect(file.digest()).toBe(digestOf(FIRST));
    }
    await file.elapse(LONG_MS);
    expect(file.judged).toEqual([whole]);
    expect(file.digest()).toBe(digestOf(whole));
  });

  it('is left alone when it is written back as it was', async () => {
    const file = startReload();
    await file.elapse(10);
    file.overwrite('');
    file.reload.check();
    await file.elapse(50);
    file.overwrite(FIRST);
    await file.elapse(LONG_MS);
    expect(file.judged).toEqual([]);
    expect(file.lines).toEqual([]);
  });
});

describe('a bad file', () => {
  it('is refused: the policy before it stays, and is said to stay by line and count alone', async () => {
    const file = startReload();
    await file.elapse(LONG_MS);
    file.replace(BROKEN);
    file.reload.check();
    await file.elapse(LONG_MS);
    expect(file.digest()).toBe(digestOf(FIRST));
    expect(file.reload.status()).toEqual({
      digest: digestOf(FIRST),
      sinceMs: TEST_TIME_MS,
      last: {
        result: 'refused',
        atMs: TEST_TIME_MS + LONG_MS + REPLACED_QUIET_MS,
        problems: [{ line: 9, column: expect.any(Number), message: expect.stringContaining('test failed') }],
      },
    });
    expect(file.lines).toEqual([
      {
        level: 'error',
        event: 'policy_refused',
        fields: { role: 'active', problems: 1, lines: '9', kept: digestOf(FIRST) },
      },
    ]);
    expect(file.counted).toEqual(['policy_reloads active refused']);
    expect(JSON.stringify([file.lines, file.reload.status()])).not.toMatch(/@|rival\.io/);
  });

  it('is logged once, not at every poll', async () => {
    const file = startReload();
    file.replace(BROKEN);
    file.reload.check();
    await file.elapse(3 * POLL_INTERVAL_MS);
    expect(file.lines).toHaveLength(1);
  });

  it('gives way to the next good one, also to the one that was there before it', async () => {
    const file = startReload();
    file.replace(BROKEN);
    file.reload.check();
    await file.elapse(LONG_MS);
    file.replace(FIRST);
    file.reload.check();
    await file.elapse(LONG_MS);
    expect(file.reload.status()).toMatchObject({ digest: digestOf(FIRST), sinceMs: TEST_TIME_MS });
    expect(file.reload.status().last.result).toBe('loaded');
    expect(file.lines.at(-1)).toMatchObject({ event: 'policy_loaded', fields: { changed: false } });
  });

  it('may be no file at all', async () => {
    const file = startReload();
    file.remove();
    file.reload.check();
    await file.elapse(LONG_MS);
    expect(file.digest()).toBe(digestOf(FIRST));
    expect(file.reload.status().last).toMatchObject({ problems: [{ message: 'the file cannot be read (ENOENT)' }] });
    file.replace(SECOND);
    file.reload.check();
    await file.elapse(LONG_MS);
    expect(file.digest()).toBe(digestOf(SECOND));
  });

  it('is refused, too, when judging it fails', async () => {
    const file = startReload({ load: () => Promise.reject(new Error('no memory for ann@acme.com')) });
    file.replace(SECOND);
    file.reload.check();
    await file.elapse(LONG_MS);
    expect(file.digest()).toBe(digestOf(FIRST));
    expect(file.reload.status().last).toMatchObject({ problems: [{ message: 'the file could not be judged' }] });
    expect(JSON.stringify(file.lines)).not.toContain('@');
  });
});

describe('a request to reload', () => {
  it('has the file judged again though nothing changed', async () => {
    const file = startReload();
    await file.elapse(10);
    file.reload.reload();
    await file.elapse(10);
    expect(file.judged).toEqual([FIRST]);
    expect(file.lines).toMatchObject([{ event: 'policy_loaded', fields: { changed: false } }]);
    expect(file.reload.status()).toMatchObject({ sinceMs: TEST_TIME_MS, last: { result: 'loaded' } });
  });

  it('is not lost when it comes during another check', async () => {
    const file = startReload();
    await file.elapse(10);
    file.overwrite(SECOND);
    file.reload.check();
    await file.elapse(50);
    file.reload.reload();
    file.reload.check();
    await file.elapse(LONG_MS);
    expect(file.judged).toEqual([SECOND, SECOND]);
  });
});

describe('after the end', () => {
  it('nothing is read and nothing is loaded', async () => {
    const file = startReload();
    await file.elapse(10);
    file.overwrite(SECOND);
    file.reload.check();
    await file.elapse(50);
    file.reload.close();
    await promisesSettled();
    const reads = file.reads();
    await file.elapse(3 * POLL_INTERVAL_MS);
    file.reload.check();
    await file.elapse(LONG_MS);
    expect(file.reads()).toBe(reads);
    expect(file.digest()).toBe(digestOf(FIRST));
  });

  it('the result of a running load is dropped', async () => {
    const slow = Promise.withResolvers<PolicyLoaded>();
    const file = startReload({ load: () => slow.promise });
    file.replace(SECOND);
    file.reload.check();
    await file.elapse(LONG_MS);
    file.reload.close();
    slow.resolve(loadPolicy(SECOND, { issuers: ['corp'] }));
    await file.elapse(LONG_MS);
    expect(file.digest()).toBe(digestOf(FIRST));
    expect(file.lines).toEqual([]);
  });
});

describe('the record of a changed policy', () => {
  it('is durable before the policy decides anything, with the text that has its digest', async () => {
    const recording = Promise.withResolvers<void>();
    const file = startReload({ recording: recording.promise });
    await file.elapse(LONG_MS);
    file.replace(SECOND);
    file.reload.check();
    await file.elapse(LONG_MS);
    expect([file.taken, file.digest()]).toEqual([[], digestOf(FIRST)]);
    recording.resolve();
    await file.elapse(LONG_MS);
    expect(file.digest()).toBe(digestOf(SECOND));
    expect(file.taken.map(({ digest }) => digest)).toEqual([digestOf(SECOND)]);
    expect(sha256Hex(file.taken[0]?.document ?? '')).toBe(digestOf(SECOND));
  });

  it('keeps the old policy in force for as long as the ledger cannot take it, says so once, and is tried again', async () => {
    const file = startReload();
    await file.elapse(LONG_MS);
    file.ledger.fails = true;
    file.replace(SECOND);
    await file.elapse(3 * POLL_INTERVAL_MS);
    expect(file.digest()).toBe(digestOf(FIRST));
    expect(file.reload.status()).toMatchObject({ digest: digestOf(FIRST), last: { result: 'not_recorded' } });
    expect(file.counted).toContain('policy_reloads active not_recorded');
    expect(file.lines.find(({ event }) => event === 'policy_not_recorded')).toMatchObject({
      level: 'error',
      fields: { digest: digestOf(SECOND), kept: digestOf(FIRST) },
    });
    file.ledger.fails = false;
    await file.elapse(2 * POLL_INTERVAL_MS);
    expect(file.digest()).toBe(digestOf(SECOND));
    expect(file.reload.status()).toMatchObject({ digest: digestOf(SECOND), last: { result: 'loaded' } });
  });

  it('is no longer missing in the status once the file is what it was before', async () => {
    const file = startReload();
    await file.elapse(LONG_MS);
    file.ledger.fails = true;
    file.replace(SECOND);
    await file.elapse(2 * POLL_INTERVAL_MS);
    file.replace(FIRST);
    await file.elapse(2 * POLL_INTERVAL_MS);
    expect(file.reload.status()).toMatchObject({ digest: digestOf(FIRST), last: { result: 'loaded' } });
  });

  it('is not written for a file with the same policy, and has a refusal once, without its text', async () => {
    const file = startReload();
    await file.elapse(LONG_MS);
    file.replace(`# the same\n${FIRST}`);
    await file.elapse(POLL_INTERVAL_MS + LONG_MS);
    expect(file.taken).toEqual([]);
    file.replace(BROKEN);
    await file.elapse(3 * POLL_INTERVAL_MS);
    expect(file.refused).toEqual([{ kept: digestOf(FIRST), problems: 1, textSha256: sha256Hex(BROKEN) }]);
  });
});
