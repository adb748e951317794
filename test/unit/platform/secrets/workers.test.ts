import { describe, expect, it } from 'vitest';

import type { SecretBinding } from '../../../../src/platform/workers/secrets/bound-secret.ts';
import {
  BINDING_DEADLINE_MS,
  SECRET_MAX_AGE_MS,
  SECRET_RETRY_MS,
} from '../../../../src/platform/workers/secrets/bound-secret.ts';
import { createSecrets } from '../../../../src/platform/workers/secrets/secrets.ts';
import { createFakeClock } from '../../../support/clock.ts';
import { CURRENT_KEY, NEXT_KEY, recordLogs } from '../../../support/upstream.ts';

const ROTATED = 'rotated-key-0123456789abcdef';

/** An entry of the Secrets Store, which answers what the test says. */
function storeEntry(first: string) {
  const entry = {
    asked: 0,
    answer: (): Promise<string> => Promise.resolve(first),
    get: () => {
      entry.asked += 1;
      return entry.answer();
    },
  };
  return entry;
}

function harness(galileoApiKey: SecretBinding, galileoApiKeyNext?: SecretBinding) {
  const clock = createFakeClock();
  const logger = recordLogs();
  const secrets = createSecrets({ galileoApiKey, galileoApiKeyNext, clock, schedule: clock, logger });
  const keys = async () => {
    const { current, next } = await secrets.galileoKeys();
    return [current.reveal(), next?.reveal() ?? null];
  };
  return { clock, schedule: clock, logger, secrets, keys };
}

describe('keys from text bindings', () => {
  it('are taken as they are, without one trailing newline', async () => {
    expect(await harness(`${CURRENT_KEY}\n`, NEXT_KEY).keys()).toEqual([CURRENT_KEY, NEXT_KEY]);
  });

  it('may come without a next one', async () => {
    expect(await harness(CURRENT_KEY).keys()).toEqual([CURRENT_KEY, null]);
  });
});

describe('keys from the Secrets Store', () => {
  it('are asked for once a minute, however many requests there are', async () => {
    const entry = storeEntry(CURRENT_KEY);
    const { clock, keys } = harness(entry);
    for (let times = 0; times < 3; times += 1) await keys();
    clock.advance(SECRET_MAX_AGE_MS - 1);
    await keys();
    expect(entry.asked).toBe(1);
  });

  it('rotate without a deployment, and the log says so by fingerprint', async () => {
    const entry = storeEntry(CURRENT_KEY);
    const { clock, logger, keys } = harness(entry);
    await keys();
    entry.answer = () => Promise.resolve(ROTATED);
    clock.advance(SECRET_MAX_AGE_MS);
    expect(await keys()).toEqual([ROTATED, null]);
    expect(logger.lines.map(({ event }) => event)).toEqual(['api_key_changed']);
    expect(JSON.stringify(logger.lines)).not.toContain(ROTATED);
  });

  it('stay the same object while they are the same key', async () => {
    const { clock, secrets } = harness(storeEntry(CURRENT_KEY));
    const { current } = await secrets.galileoKeys();
    clock.advance(SECRET_MAX_AGE_MS);
    expect((await secrets.galileoKeys()).current).toBe(current);
  });

  it.each([
    ['does not answer', () => Promise.reject(new Error('unavailable'))],
    ['holds no key', () => Promise.resolve('short')],
  ])('keep the last good one when the store %s, and say so once', async (_name, answer) => {
    const entry = storeEntry(CURRENT_KEY);
    const { clock, logger, keys } = harness(entry);
    await keys();
    entry.answer = answer;
    for (let times = 0; times < 3; times += 1) {
      clock.advance(SECRET_MAX_AGE_MS);
      expect(await keys()).toEqual([CURRENT_KEY, null]);
    }
    expect(logger.lines.map(({ event }) => event)).toEqual(['api_key_unusable']);
  });

  it('keep the last good one when the store hangs, and wait for it no longer than two seconds', async () => {
    const entry = storeEntry(CURRENT_KEY);
    const { clock, schedule, logger, keys } = harness(entry);
    await keys();
    entry.answer = () => new Promise(() => undefined);
    clock.advance(SECRET_MAX_AGE_MS);
    const asked = keys();
    expect(schedule.waitingMs).toEqual([BINDING_DEADLINE_MS]);
    schedule.advance(BINDING_DEADLINE_MS);
    expect(await asked).toEqual([CURRENT_KEY, null]);
    expect(logger.lines.map(({ event }) => event)).toEqual(['api_key_unusable']);
  });

  it('are an error, in time, when the store has hung from the first', async () => {
    const entry = storeEntry(CURRENT_KEY);
    entry.answer = () => new Promise(() => undefined);
    const { schedule, keys } = harness(entry);
    const asked = keys();
    schedule.advance(BINDING_DEADLINE_MS);
    await expect(asked).rejects.toThrow('never held a usable value');
  });

  it('leave no timer behind when the store answers', async () => {
    const { schedule, keys } = harness(storeEntry(CURRENT_KEY));
    await keys();
    expect(schedule.waitingMs).toEqual([]);
  });

  it('are not asked for again by everybody while the store fails', async () => {
    const entry = storeEntry(CURRENT_KEY);
    const { clock, keys } = harness(entry);
    await keys();
    entry.answer = () => Promise.reject(new Error('unavailable'));
    clock.advance(SECRET_MAX_AGE_MS);
    for (let times = 0; times < 5; times += 1) await keys();
    clock.advance(SECRET_RETRY_MS - 1);
    await keys();
    expect(entry.asked).toBe(2);
  });

  it('serve what is held to those who come while one asks', async () => {
    const entry = storeEntry(CURRENT_KEY);
    const { clock, keys } = harness(entry);
    await keys();
    entry.answer = () => new Promise(() => undefined);
    clock.advance(SECRET_MAX_AGE_MS);
    void keys();
    expect(await keys()).toEqual([CURRENT_KEY, null]);
  });

  it('are an error without a word of theirs when there has never been one', async () => {
    await expect(harness(storeEntry('short')).keys()).rejects.toThrow('never held a usable value');
  });

  it('do without a next one that cannot be had', async () => {
    const next = storeEntry(NEXT_KEY);
    next.answer = () => Promise.reject(new Error('unavailable'));
    expect(await harness(CURRENT_KEY, next).keys()).toEqual([CURRENT_KEY, null]);
  });
});
