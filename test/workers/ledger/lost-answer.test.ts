import { evictDurableObject } from 'cloudflare:test';
import { describe, expect, it } from 'vitest';
import type { Admission } from '../../../src/ledger/port.ts';
import type { LedgerNamespace } from '../../../src/platform/workers/ledger/client.ts';
import { testUuid7 } from '../../support/clock.ts';
import { admission, quotaCharge, readTrail, requestsCharge, settlement } from '../../support/ledger/ledger.ts';
import { POLICY, startWhole } from '../whole-worker.ts';
import { answering, deploymentLedger, openLedgerObject } from './ledger-harness.ts';
import type { Step } from './ledger-harness.ts';

/** The ledger object carries a call out, and the platform loses the answer and says that a retry helps. */

/** Loses the first answer to each admission; `onLoss` runs before the retry. */
function losing(step: Step, onLoss: () => Promise<unknown> = async () => null): LedgerNamespace {
  const answered = new Set<string>();
  return answering(async (name, args) => {
    const answer = await step(name, args);
    const call = JSON.stringify(args).replace(',"repeated":true', '');
    if (name !== 'admit' || answered.has(call)) return answer;
    answered.add(call);
    await onLoss();
    throw Object.assign(new Error('Network connection lost.'), { retryable: true });
  });
}

const [R1, R2] = [testUuid7(1), testUuid7(2)];
const KEY = 'key-of-a-lost-answer';

describe('an admission whose answer is lost', () => {
  const charges = [requestsCharge(), quotaCharge()];
  const tooMany = [requestsCharge(), quotaCharge({ amount: 11 })];
  const decided: readonly [kind: string, given: Admission, used: readonly number[]][] = [
    ['admitted', admission(R2, { key: KEY, charges }), [1, 1]],
    ['denied', admission(R2, { plan: 'deny', charges }), [1, 0]],
    ['exhausted', admission(R2, { charges: tooMany }), [1, 0]],
    ['previewed', admission(R2, { plan: 'dry_run', charges }), [1, 1]],
    ['replay', admission(R2, { key: 'key-of-the-first', charges }), [0, 0]],
    ['key_reused', admission(R2, { key: 'key-of-the-first', fingerprint: 'body-2', charges }), [0, 0]],
  ];

  it.each(decided)('is answered as it was decided, recorded once and charged once: %s', async (kind, given, used) => {
    const harness = openLedgerObject();
    await harness.ledger.admit(admission(R1, { key: 'key-of-the-first' }));
    await harness.ledger.settle(settlement(R1, 'accepted'));
    // The object may have been restarted when the retry comes: what it held in memory is lost.
    const client = harness.client(
      losing(
        (...call) => harness.stub.step(...call),
        () => evictDurableObject(harness.stub),
      ),
    );

    const answer = await client.admit(given);

    expect(answer.kind).toBe(kind);
    expect(answer).toEqual(await harness.ledger.admit({ ...given, repeated: true }));
    expect(await readTrail(harness.ledger)).toHaveLength(kind === 'key_reused' ? 2 : 3);
    const left = (await harness.ledger.usage(charges)).map(({ limit, remaining }) => limit - remaining);
    expect(left).toEqual(used);
    if (answer.kind === 'exhausted')
      expect(answer).toMatchObject({ exhausted: { quota: 'app-day' }, quotas: [{}, {}] });
    if (answer.kind === 'replay') expect(answer).toMatchObject({ firstRequestId: R1, reply: { status: 200 } });
  });

  it('is not sent when the request was settled before the retry', async () => {
    const harness = openLedgerObject();
    const client = harness.client(
      losing(
        (...call) => harness.stub.step(...call),
        () => harness.ledger.settle(settlement(R1, 'unknown')),
      ),
    );
    await expect(client.admit(admission(R1))).rejects.toMatchObject({ reason: 'step_failed' });
  });
});

describe('the whole Worker, when each admission loses its first answer', () => {
  const lossy = losing((...call) => deploymentLedger().step(...call));
  const QUOTA_POLICY = { ...POLICY, quotas: [{ id: 'person', per: 'invitee', window: '1d', emails: 1 }] };
  const kv = { get: async () => JSON.stringify(QUOTA_POLICY) };

  it('sends an invite once, and explains a refusal by policy and by quota', async () => {
    const { invite, upstream, recordsOf } = await startWhole({ LEDGER: lossy, POLICY: kv });

    const sent = await invite('lost-answer@acme.com');
    const denied = await invite('lost-answer@rival.io');
    const exhausted = await invite('lost-answer@acme.com');

    expect([sent.status, denied.status, exhausted.status]).toEqual([200, 403, 429]);
    expect(await denied.json()).toMatchObject({ code: 'policy_denied' });
    expect(await exhausted.json()).toMatchObject({ code: 'quota_exhausted' });
    expect(Number(exhausted.headers.get('Retry-After'))).toBeGreaterThan(0);
    expect(upstream.received).toHaveLength(1);
    expect(await recordsOf('lost-answer@acme.com')).toEqual(['intent admitted', 'outcome accepted']);
    expect(await recordsOf('lost-answer@rival.io')).toEqual(['denial denied']);
  });
});
