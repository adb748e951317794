import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import type { ChangeReport } from '../../../src/ledger/records/change-report.ts';
import type { Ledger } from '../../../src/ledger/port.ts';
import { Secret } from '../../../src/lib/secret.ts';
import { createNodeChanges } from '../../../src/platform/node/audit/changes.ts';
import { fingerprint, passwordFingerprint } from '../../../src/upstream/api-keys.ts';
import { createFakeClock, promisesSettled } from '../../support/clock.ts';
import { recordLogs } from '../../support/upstream.ts';

/** The records of changes on Node, over a ledger that may fail at any moment. */
const POLICY = { digest: 'ab'.repeat(32), document: '{"version":1}' };
const [ONE, TWO] = [new Secret('test-key-one-0f3c9a7e'), new Secret('test-key-two-5b1d2468')];
const RETRY_MS = 10_000;

async function setup(signIn: Readonly<Record<string, string>> = { GALILEO_API_KEY: 'test-key-one-0f3c9a7e' }) {
  const loaded = await loadConfig({
    env: {
      ...signIn,
      AUTH_ISSUERS: '[{"name":"corp","issuer":"https://login.example.com","audience":"invites"}]',
    },
    readText: () => Promise.reject(new Error('no file')),
  });
  if (loaded.kind === 'refused') throw new Error(JSON.stringify(loaded.problems));
  const clock = createFakeClock();
  const logger = recordLogs();
  const recorded: string[] = [];
  const secretsTaken: string[] = [];
  const state = { fails: false, key: ONE, salt: 'ab'.repeat(32) };
  const ledger = {
    async recordChanges(reports: readonly ChangeReport[]) {
      if (state.fails) throw new Error('database or disk is full');
      recorded.push(...reports.map(({ change }) => change.what));
      for (const { change } of reports)
        if (change.what === 'key_slot_changed' && change.to !== null) secretsTaken.push(change.to);
      return reports.map(() => 'recorded' as const);
    },
    async signInSalt() {
      if (state.fails) throw new Error('database or disk is full');
      return state.salt;
    },
  } as unknown as Ledger;
  const changes = createNodeChanges({
    config: loaded.config,
    service: { name: 'galileo-invite-proxy', version: '1.0.0', runtime: 'node', instance: 'one' },
    runtime: 'node v24.12.0',
    clock,
    schedule: clock,
    logger,
  });
  const secrets = changes.watch({ galileoKeys: async () => ({ current: state.key, next: null }) });
  const begin = () => changes.begin({ ledger, isShared: false, secrets, policy: POLICY, checkpointKey: null });
  return { changes, secrets, begin, clock, logger, recorded, secretsTaken, state };
}

describe('the records of changes on Node', () => {
  it('begin with the start and what it found, in one step', async () => {
    const { begin, recorded } = await setup();
    await begin();
    expect(recorded).toEqual([
      'service_started',
      'key_slot_changed',
      'key_slot_changed',
      'checkpoint_key_changed',
      'policy_taken',
    ]);
  });

  it('stop the start when the ledger cannot take them', async () => {
    const { begin, state } = await setup();
    state.fails = true;
    await expect(begin()).rejects.toThrow('full');
  });

  it('of a rotated key are tried again until the ledger takes them, and the key is used meanwhile', async () => {
    const { begin, secrets, clock, logger, recorded, state } = await setup();
    await begin();
    recorded.length = 0;
    state.fails = true;
    state.key = TWO;
    expect((await secrets.galileoKeys()).current).toBe(TWO);
    await promisesSettled();
    expect(logger.lines.at(-1)).toMatchObject({ event: 'change_not_recorded', fields: { what: 'key_slot_changed' } });
    state.fails = false;
    clock.advance(RETRY_MS);
    await promisesSettled();
    expect(recorded).toEqual(['key_slot_changed']);
    clock.advance(RETRY_MS);
    await promisesSettled();
    expect(recorded).toEqual(['key_slot_changed']);
    expect(JSON.stringify(logger.lines)).not.toContain(fingerprint(TWO));
  });

  it.each(['basic', 'password'])('name each password once, by a fingerprint under the salt: %s', async (scheme) => {
    const env = { GALILEO_AUTH: scheme, GALILEO_USERNAME: 'invites', GALILEO_PASSWORD: ONE.reveal() };
    const { begin, secrets, recorded, secretsTaken, state, logger } = await setup(env);
    await begin();
    for (let n = 0; n < 3; n += 1) await secrets.galileoKeys();
    state.key = TWO;
    for (let n = 0; n < 3; n += 1) await secrets.galileoKeys();
    await promisesSettled();
    expect(recorded.slice(-1)).toEqual(['key_slot_changed']);
    const account = JSON.stringify(['https://api.galileo.ai', 'invites']);
    const prints = [ONE, TWO].map((password) => passwordFingerprint(password, { salt: state.salt, account }));
    expect(secretsTaken).toEqual(prints);
    expect(new Set([...prints, fingerprint(ONE), fingerprint(TWO)]).size).toBe(4);
    for (const password of [ONE, TWO]) expect(JSON.stringify(logger.lines)).not.toContain(password.reveal());
  });

  it('of a password wait until the ledger can give its salt, and the password is used meanwhile', async () => {
    const env = { GALILEO_AUTH: 'password', GALILEO_USERNAME: 'invites', GALILEO_PASSWORD: ONE.reveal() };
    const { begin, secrets, secretsTaken, state } = await setup(env);
    await begin();
    state.fails = true;
    state.key = TWO;
    expect((await secrets.galileoKeys()).current).toBe(TWO);
    await promisesSettled();
    expect(secretsTaken).toHaveLength(1);
    state.fails = false;
    await secrets.galileoKeys();
    await promisesSettled();
    expect(secretsTaken).toHaveLength(2);
  });

  it('of a policy reject while the ledger cannot write, before the start and after the stop', async () => {
    const { changes, begin, state } = await setup();
    await expect(changes.policy.take(POLICY)).rejects.toThrow('not open');
    await begin();
    await changes.policy.take(POLICY);
    state.fails = true;
    await expect(changes.policy.take(POLICY)).rejects.toThrow('full');
    state.fails = false;
    await changes.shutdown.run();
    await expect(changes.policy.take(POLICY)).rejects.toThrow('not open');
  });

  it('go to the sinks at once', async () => {
    const { changes, begin } = await setup();
    await begin();
    let wakes = 0;
    changes.deliverWith({ wake: () => void (wakes += 1) });
    changes.policy.refuse({ kept: POLICY.digest, problems: 1, textSha256: 'cd'.repeat(32) });
    await promisesSettled();
    expect(wakes).toBe(1);
  });

  it('end with the stop, after everything that still waited, and say so when that cannot be written', async () => {
    const { changes, begin, recorded, state } = await setup();
    await begin();
    recorded.length = 0;
    state.fails = true;
    changes.policy.refuse({ kept: POLICY.digest, problems: 1, textSha256: 'cd'.repeat(32) });
    await promisesSettled();
    state.fails = false;
    await changes.shutdown.run();
    expect(recorded).toEqual(['policy_refused', 'service_stopped']);

    const second = await setup();
    await second.begin();
    second.state.fails = true;
    await expect(second.changes.shutdown.run()).rejects.toThrow('the stop is not on record');
  });
});
