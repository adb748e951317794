import { expect, it } from 'vitest';
import { postBatch } from '../../../../src/audit/delivery/post-batch.ts';
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
    const http = scriptHttp({ kind: 'not_sent', reason });
    await expect(postBatch({ http, clock: createFakeClock() }, POST)).rejects.toMatchObject({
      name: 'SinkError',
      reason,
    });
  },
);
