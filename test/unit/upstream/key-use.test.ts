import { describe, expect, it } from 'vitest';
import { createKeyUse } from '../../../src/upstream/key-use.ts';
import { answered, createSendHarness, CURRENT_KEY, fixedSecrets, NEXT_KEY } from '../../support/upstream.ts';
import type { HttpResult } from '../../../src/ports/http.ts';

const BODY = '{"emails":["ann@acme.com"]}';
const WRONG_KEY = answered(401, { detail: 'Invalid credentials' });
const both = fixedSecrets(CURRENT_KEY, NEXT_KEY);

/** What is known of the keys after one invite that is answered with `steps`. */
async function afterSending(steps: readonly HttpResult[], secrets = both): Promise<object> {
  const keyUse = createKeyUse();
  await createSendHarness(steps, { secrets, keyUse }).send(BODY);
  return Object.fromEntries(keyUse.ofKeys(await secrets.galileoKeys()));
}

describe('the use of Galileo’s keys', () => {
  it('says nothing of a key that was not used yet', async () => {
    expect(Object.fromEntries(createKeyUse().ofKeys(await both.galileoKeys()))).toEqual({});
    expect(await afterSending([answered(200)])).toEqual({ current: true });
  });

  it('knows that a key is refused, and whether the next one is taken', async () => {
    expect(await afterSending([WRONG_KEY], fixedSecrets())).toEqual({ current: false });
    expect(await afterSending([WRONG_KEY, answered(200)])).toEqual({ current: false, next: true });
    expect(await afterSending([WRONG_KEY, WRONG_KEY])).toEqual({ current: false, next: false });
  });

  it('counts a refusal of the invite as a key that was taken', async () => {
    expect(await afterSending([answered(422, { detail: 'no such group' })])).toEqual({ current: true });
  });

  it('learns nothing from an answer that proves neither', async () => {
    for (const step of [answered(500), answered(429), { kind: 'maybe_sent', reason: 'timeout', status: null } as const])
      expect(await afterSending([step])).toEqual({});
  });

  it('forgets a key that another one has replaced', async () => {
    const keyUse = createKeyUse();
    await createSendHarness([WRONG_KEY], { keyUse }).send(BODY);
    expect(keyUse.ofKeys(await fixedSecrets().galileoKeys()).size).toBe(1);
    expect(keyUse.ofKeys(await fixedSecrets(NEXT_KEY).galileoKeys()).size).toBe(0);
  });
});
