import { expect, it } from 'vitest';
import { HANGING_AFTER_MS, postBatch } from '../../../../src/audit/delivery/post-batch.ts';
import { PROXY_FAILURES } from '../../../../src/ports/http.ts';
import { createFakeClock } from '../../../support/clock.ts';
import { scriptHttp } from '../../../support/upstream.ts';

const POST = {
  url: 'https://siem.acme.com/',
  headers: {},
  body: '{}\n',
  compression: 'none',
  timeoutMs: 1_000,
} as const;

it.each(PROXY_FAILURES)(
  'a batch that an egress proxy held up fails with the proxy’s own reason: %s',
  async (reason) => {
    const clock = createFakeClock();
    const http = scriptHttp({ kind: 'not_sent', reason });
    await expect(postBatch({ http, clock, schedule: clock }, POST)).rejects.toMatchObject({
      name: 'SinkError',
      reason,
    });
  },
);

it('a batch whose exchange never ends is a timeout, so that it is tried again', async () => {
  const clock = createFakeClock();
  const posting = postBatch({ http: { exchange: () => new Promise(() => undefined) }, clock, schedule: clock }, POST);
  const ended = posting.catch((error: unknown) => error);
  await clock.until((waitingMs) => waitingMs.length > 0);
  expect(clock.waitingMs).toEqual([POST.timeoutMs + HANGING_AFTER_MS]);
  await clock.pass(POST.timeoutMs + HANGING_AFTER_MS);
  expect(await ended).toMatchObject({ name: 'SinkError', reason: 'timeout' });
});

it('a batch that was answered leaves no timer behind', async () => {
  const clock = createFakeClock();
  const http = scriptHttp({ kind: 'answered', status: 204, headers: {}, body: new Uint8Array() });
  await postBatch({ http, clock, schedule: clock }, POST);
  expect(clock.waitingMs).toEqual([]);
});
