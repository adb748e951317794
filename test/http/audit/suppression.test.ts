import { describe, expect, it } from 'vitest';
import { startTestService } from '../../support/service.ts';

/** Every record of these tests is also held against the published schema when the service closes. */
describe('refusals beyond what is recorded whole', () => {
  it('get the same answer, have no entry of their own, and are counted in one record', async () => {
    const service = await startTestService();
    const answers = [];
    for (let n = 0; n < 25; n += 1) answers.push(await service.invite({ emails: ['eve@rival.io'] }));
    const bodies = (await Promise.all(answers.map((answer) => answer.json()))) as Record<string, unknown>[];
    const withoutId = bodies.map((body) => ({ ...body, request_id: null, trace_id: null }));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 403));
    expect(withoutId).toEqual(withoutId.map(() => withoutId[0]));
    const ids = answers.map(({ headers }) => headers.get('X-Request-Id') ?? '');
    expect(bodies.map(({ request_id: id }) => id)).toEqual(ids);

    const read = async (id = '') =>
      (
        await service.request(`/v2/invite_requests/${id}`, {
          headers: { Authorization: `Bearer ${await service.token()}` },
        })
      ).status;
    expect([await read(ids[0]), await read(ids[24])]).toEqual([200, 404]);

    service.clock.advance(60_000);
    await service.deps.ledger.recordSuppressed(10);
    const records: readonly unknown[] = await service.records();
    expect(records).toHaveLength(21);
    expect(records.at(-1)).toMatchObject({
      kind: 'suppressed',
      policy: { digest: answers[0]?.headers.get('Policy-Digest')?.replace('sha256:', '') },
      suppressed: {
        count: 5,
        first_request_id: ids[20],
        last_request_id: ids[24],
        counts: [{ result: 'denied', code: 'policy_denied', rule: 'never-invite', count: 5 }],
      },
    });
  });

  it('hide no invite: one that is admitted in the same minute has its intent and its outcome', async () => {
    const service = await startTestService();
    for (let n = 0; n < 25; n += 1) await service.invite({ emails: ['eve@rival.io'] });
    expect((await service.invite({ emails: ['ann@acme.com'] })).status).toBe(200);
    expect((await service.records()).slice(20).map(({ kind }) => kind)).toEqual(['intent', 'outcome']);
  });

  it('replay the stored answer as often as they are asked', async () => {
    const service = await startTestService();
    const keyed = { headers: { 'Idempotency-Key': 'a-key-of-sixteen-characters' } };
    const first = await service.invite({ emails: ['ann@acme.com'] }, keyed);
    const body = await first.text();
    for (let n = 0; n < 25; n += 1) {
      const replay = await service.invite({ emails: ['ann@acme.com'] }, keyed);
      expect([replay.status, replay.headers.get('Idempotency-Replayed'), await replay.text()]).toEqual([
        200,
        'true',
        body,
      ]);
    }
    expect(await service.records()).toHaveLength(22);
  });
});
