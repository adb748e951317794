import { describe, expect, it } from 'vitest';
import { exportJWK, generateKeyPair } from 'jose';
import { answering, deploymentLedger } from '../ledger/ledger-harness.ts';
import { POLICY, startWhole, until } from '../whole-worker.ts';
import type { WholeWorker } from '../whole-worker.ts';

/**
 * A caller that disconnects: the platform ends the request's context, and only background tasks continue. Anyone can
 * cause this at any time, so work that other requests rely on must not end with it.
 */

/** Work that the platform has ended never reaches its end, so only a failing test waits so long. */
const PATIENCE_MS = 15_000;

/**
 * Sends a request, disconnects once `begun` is true, and then waits for `ended`, the event that the work has had its
 * effect. It stays false where the platform has ended the work.
 */
async function hangUp(
  ask: (signal: AbortSignal) => Promise<Response>,
  { begun, ended }: { readonly begun: () => boolean; readonly ended: () => boolean },
): Promise<void> {
  const caller = new AbortController();
  const asked = ask(caller.signal).catch(() => null);
  await until(begun, PATIENCE_MS);
  caller.abort();
  await asked;
  await until(ended, PATIENCE_MS);
}

/** Three rounds: one caller disconnects while the keys are fetched, then another asks. Returns the other's statuses. */
async function hangUpDuringKeyFetches(
  { ask, upstream, clock }: WholeWorker,
  tokens: { readonly disconnecting: () => Promise<string>; readonly staying: () => Promise<string> },
): Promise<number[]> {
  const askWith = async (token: () => Promise<string>, signal?: AbortSignal): Promise<Response> => {
    const headers = { Authorization: `Bearer ${await token()}` };
    return await ask('/v2/invite_policy', { headers, ...(signal === undefined ? {} : { signal }) });
  };
  const statuses: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const { keyFetches: before, keyFetchesEnded: endedBefore } = upstream;
    await hangUp((signal) => askWith(tokens.disconnecting, signal), {
      begun: () => upstream.keyFetches > before,
      ended: () => upstream.keyFetchesEnded > endedBefore,
    });
    statuses.push((await askWith(tokens.staying)).status);
    clock.advance(10_001); // An unfinished fetch now counts as lost, and the next round interrupts its successor.
  }
  return statuses;
}

describe('an invitation whose caller disconnects', () => {
  it('after the send is recorded with its outcome', async () => {
    const { invite, upstream, recordsOf } = await startWhole();
    upstream.answer = async () => {
      await scheduler.wait(400);
      return Response.json({ invited: 1 });
    };
    const begun = (): boolean => upstream.received.length === 1;
    await hangUp((signal) => invite('gone-after@acme.com', { signal }), { begun, ended: () => true });
    expect(await until(async () => (await recordsOf('gone-after@acme.com')).length === 2, PATIENCE_MS)).toBe(true);
    expect(await recordsOf('gone-after@acme.com')).toEqual(['intent admitted', 'outcome accepted']);
  });

  it('during admission is sent and settled as on Node', async () => {
    let admitted = false;
    const slow = answering(async (name, args) => {
      const answer = await deploymentLedger().step(name, args);
      if (name === 'admit') {
        admitted = true;
        await scheduler.wait(300); // The answer is slow.
      }
      return answer;
    });
    const { invite, upstream, recordsOf } = await startWhole({ LEDGER: slow });
    await hangUp((signal) => invite('gone-before@acme.com', { signal, key: 'key-gone-before-01' }), {
      begun: () => admitted,
      ended: () => upstream.received.length === 1,
    });
    expect(await until(async () => (await recordsOf('gone-before@acme.com')).length === 2, PATIENCE_MS)).toBe(true);
    expect(await recordsOf('gone-before@acme.com')).toEqual(['intent admitted', 'outcome accepted']);
    expect(upstream.received).toHaveLength(1);
  });
});

describe('a caller that disconnects each time', () => {
  it('the policy is read does not keep a new policy from taking effect', async () => {
    let text: string | null = null;
    let reads = 0;
    const kv = {
      async get() {
        reads += 1;
        const answer = text;
        await scheduler.wait(100);
        return answer;
      },
    };
    const { ask, invite, clock, lines } = await startWhole({ POLICY: kv });
    const taken = (): number => lines.filter((line) => line.includes('"policy_loaded"')).length;
    expect((await invite('before@acme.com')).status).toBe(200);
    const [rule] = POLICY.rules;
    const deny = (id: string) => ({ id, deny: 'any', domains: ['acme.com'] });
    const statuses: number[] = [];
    for (const [round, rules] of [[deny('nobody')], [{ ...rule, id: 'staff' }], [deny('nobody-again')]].entries()) {
      text = JSON.stringify({ ...POLICY, rules });
      clock.advance(31_000);
      const [readBefore, takenBefore] = [reads, taken()];
      // The end of the read is too early: the policy is put on record before it takes effect.
      await hangUp((signal) => ask('/livez', { signal }), {
        begun: () => reads > readBefore,
        ended: () => taken() > takenBefore,
      });
      statuses.push((await invite(`round-${String(round)}@acme.com`)).status);
    }
    expect(statuses).toEqual([403, 200, 403]);
  });

  it('keys are fetched does not keep a new key from being accepted', async () => {
    const whole = await startWhole();
    const { invite, upstream, jwks, clock, token } = whole;
    expect((await invite('k1@acme.com')).status).toBe(200);
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const second = { ...(await exportJWK(publicKey)), kid: 'k2', alg: 'ES256', use: 'sig' };
    const both = JSON.stringify({ keys: [...(JSON.parse(jwks) as { keys: object[] }).keys, second] });
    upstream.keys = async () => {
      await scheduler.wait(100);
      return new Response(both, { headers: { 'Content-Type': 'application/json' } });
    };
    clock.advance(31_000);
    const statuses = await hangUpDuringKeyFetches(whole, {
      disconnecting: () => token({ kid: 'nobody-knows', key: privateKey }),
      staying: () => token({ kid: 'k2', key: privateKey }),
    });
    expect(statuses).toEqual([200, 200, 200]);
  });

  it('keys are fetched does not keep a withdrawn key in force beyond its ten minutes', async () => {
    const whole = await startWhole();
    const { ask, upstream, token, clock } = whole;
    const headers = { Authorization: `Bearer ${await token()}` };
    expect((await ask('/v2/invite_policy', { headers })).status).toBe(200);
    upstream.keys = async () => {
      await scheduler.wait(100);
      return new Response('{"keys":[]}', { headers: { 'Content-Type': 'application/json' } });
    };
    clock.advance(10 * 60_000 + 1_000);
    const statuses = await hangUpDuringKeyFetches(whole, { disconnecting: () => token(), staying: () => token() });
    expect(statuses).not.toContain(200);
  });
});
