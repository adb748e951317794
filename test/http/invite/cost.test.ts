/** How many steps of the ledger and calls of Galileo a request takes, counted and not timed. */
import { describe, expect, it } from 'vitest';
import type { Ledger } from '../../../src/ledger/port.ts';
import { startTestService } from '../../support/service.ts';
import { SCHEME_UNDER_TEST } from '../../support/sign-in.ts';

/** Counts the calls of a ledger by name. */
function counting(ledger: Ledger, steps: string[]): Ledger {
  return new Proxy(ledger, {
    get(target, name: keyof Ledger) {
      steps.push(name);
      return target[name];
    },
  });
}

async function setup() {
  const steps: string[] = [];
  const service = await startTestService({ wrapLedger: (ledger) => counting(ledger, steps) });
  // The first invite signs in.
  if (SCHEME_UNDER_TEST !== 'api_key') await service.invite({ emails: ['first@acme.com'] });
  steps.length = 0;
  return { service, steps, before: service.galileo.received.length };
}

/** With HTTP Basic each request is a sign-in, so each asks whether one was refused. */
const SENT = ['admit', ...(SCHEME_UNDER_TEST === 'basic' ? ['signInHold'] : []), 'settle'];

const KEY = { 'Idempotency-Key': 'a-key-of-sixteen-characters' };

describe('the steps of the ledger', () => {
  it.each([
    ['an accepted invite', { emails: ['ann@acme.com'] }, {}, 200, SENT, 1],
    ['one with an Idempotency-Key', { emails: ['ann@acme.com'] }, KEY, 200, SENT, 1],
    ['one of 20 people', { emails: Array.from({ length: 20 }, (_, n) => `p${n}@acme.com`) }, {}, 200, SENT, 1],
    ['a refused invite', { emails: ['eve@rival.io'] }, {}, 403, ['admit'], 0],
    ['a request that does not fit the contract', { emails: [] }, {}, 422, [], 0],
  ])('of %s are the ones that the promises need', async (_what, body, headers, status, expected, sent) => {
    const { service, steps, before } = await setup();
    expect((await service.invite(body, { headers })).status).toBe(status);
    expect(steps).toEqual(expected);
    expect(service.galileo.received).toHaveLength(before + sent);
  });

  it('of a repeated Idempotency-Key are one more, and nothing is sent again', async () => {
    const { service, steps, before } = await setup();
    await service.invite({ emails: ['ann@acme.com'] }, { headers: KEY });
    steps.length = 0;
    const again = await service.invite({ emails: ['ann@acme.com'] }, { headers: KEY });
    expect(again.headers.get('Idempotency-Replayed')).toBe('true');
    expect(steps).toEqual(['admit']);
    expect(service.galileo.received).toHaveLength(before + 1);
  });

  it('of a dry run are a reading of the counters and one commit, and nothing is sent', async () => {
    const { service, steps, before } = await setup();
    const response = await service.invite({ emails: ['ann@acme.com'] }, { query: '?dry_run=true' });
    expect(response.status).toBe(200);
    expect(steps).toEqual(['usage', 'admit']);
    expect(service.galileo.received).toHaveLength(before);
  });
});
