import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { Bindings } from '../../../src/platform/workers/bindings.ts';
import { POLICY, startWhole, until } from '../whole-worker.ts';

/**
 * A caller that disconnects: the platform ends the request's context, and only background tasks continue. Anyone can
 * cause this at any time, so work that other requests rely on must not end with it.
 */

/** Sends a request, disconnects once `begun` is true, and then waits a moment for `ended`, which may stay false. */
async function hangUp(
  ask: (signal: AbortSignal) => Promise<Response>,
  { begun, ended }: { readonly begun: () => boolean; readonly ended: () => boolean },
): Promise<void> {
  const caller = new AbortController();
  const asked = ask(caller.signal).catch(() => null);
  await until(begun, 1_000);
  caller.abort();
  await asked;
  await until(ended, 1_000);
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
    expect(await until(async () => (await recordsOf('gone-after@acme.com')).length === 2)).toBe(true);
    expect(await recordsOf('gone-after@acme.com')).toEqual(['intent admitted', 'outcome accepted']);
  });

  it('during admission is sent and settled as on Node', async () => {
    const { LEDGER } = env as unknown as Bindings;
    let admitted = false;
    const slow = {
      idFromName: (name: string) => LEDGER.idFromName(name),
      get(id: DurableObjectId) {
        const stub = LEDGER.get(id);
        return {
          async step(...[name, args]: Parameters<typeof stub.step>) {
            const answer = await stub.step(name, args);
            if (name === 'admit') {
              admitted = true;
              await scheduler.wait(300); // The answer is slow.
            }
            return answer;
          },
        };
      },
    };
    const { invite, upstream, recordsOf } = await startWhole({ LEDGER: slow });
    await hangUp((signal) => invite('gone-before@acme.com', { signal, key: 'key-gone-before-01' }), {
      begun: () => admitted,
      ended: () => upstream.received.length === 1,
    });
    expect(await until(async () => (await recordsOf('gone-before@acme.com')).length === 2, 2_000)).toBe(true);
    expect(await recordsOf('gone-before@acme.com')).toEqual(['intent admitted', 'outcome accepted']);
    expect(upstream.received).toHaveLength(1);
  });
});

describe('a caller that disconnects each time', () => {
  it('the policy is read does not keep a new policy from taking effect', async () => {
    let text: string | null = null;
    let [attempts, ended] = [0, 0];
    const kv = {
      async get() {
        attempts += 1;
        const answer = text;
        await scheduler.wait(100);
        ended += 1;
        return answer;
      },
    };
    const { ask, invite, clock } = await startWhole({ POLICY: kv });
    expect((await invite('before@acme.com')).status).toBe(200);
    text = JSON.stringify({ ...POLICY, rules: [{ id: 'nobody', deny: 'any', domains: ['acme.com'] }] });
    const statuses: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      clock.advance(31_000);
      const { attempts: before, ended: endedBefore } = { attempts, ended };
      await hangUp((signal) => ask('/livez', { signal }), {
        begun: () => attempts > before,
        ended: () => ended > endedBefore,
      });
      statuses.push((await invite(`round-${String(round)}@acme.com`)).status);
    }
    expect(statuses).toEqual([403, 403, 403]);
  });

  it('keys are fetched does not keep a new key from being accepted', async () => {
    const { ask, invite, upstream, jwks, clock } = await startWhole();
    expect((await invite('k1@acme.com')).status).toBe(200);
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
    const second = { ...(await exportJWK(publicKey)), kid: 'k2', alg: 'ES256', use: 'sig' };
    const both = JSON.stringify({ keys: [...(JSON.parse(jwks) as { keys: object[] }).keys, second] });
    upstream.keys = async () => {
      await scheduler.wait(100);
      return new Response(both, { headers: { 'Content-Type': 'application/json' } });
    };
    const bearer = async (kid: string): Promise<Record<string, string>> => {
      const nowS = Math.trunc(clock.now() / 1000);
      const token = await new SignJWT({ client_id: 'hr-portal', scope: 'invites:write' })
        .setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt' })
        .setIssuer('https://login.example.com')
        .setAudience('galileo-invites')
        .setSubject('hr-portal')
        .setJti(crypto.randomUUID())
        .setIssuedAt(nowS)
        .setExpirationTime(nowS + 300)
        .sign(privateKey);
      return { Authorization: `Bearer ${token}` };
    };
    clock.advance(31_000);
    const statuses: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const { keyFetches: before, keyFetchesEnded: endedBefore } = upstream;
      const headers = await bearer('nobody-knows');
      await hangUp((signal) => ask('/v2/invite_policy', { headers, signal }), {
        begun: () => upstream.keyFetches > before,
        ended: () => upstream.keyFetchesEnded > endedBefore,
      });
      statuses.push((await ask('/v2/invite_policy', { headers: await bearer('k2') })).status);
      clock.advance(10_001); // An unfinished fetch now counts as lost, and the next round interrupts its successor.
    }
    expect(statuses).toEqual([200, 200, 200]);
  });

  it('keys are fetched does not keep a withdrawn key in force beyond its ten minutes', async () => {
    const { ask, upstream, token, clock } = await startWhole();
    const bearer = async (): Promise<Record<string, string>> => ({ Authorization: `Bearer ${await token()}` });
    expect((await ask('/v2/invite_policy', { headers: await bearer() })).status).toBe(200);
    upstream.keys = async () => {
      await scheduler.wait(100);
      return new Response('{"keys":[]}', { headers: { 'Content-Type': 'application/json' } });
    };
    clock.advance(10 * 60_000 + 1_000);
    const statuses: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const { keyFetches: before, keyFetchesEnded: endedBefore } = upstream;
      const headers = await bearer();
      await hangUp((signal) => ask('/v2/invite_policy', { headers, signal }), {
        begun: () => upstream.keyFetches > before,
        ended: () => upstream.keyFetchesEnded > endedBefore,
      });
      statuses.push((await ask('/v2/invite_policy', { headers: await bearer() })).status);
      clock.advance(10_001);
    }
    expect(statuses).not.toContain(200);
  });
});
