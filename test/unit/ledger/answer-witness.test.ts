import { describe, expect, it } from 'vitest';
import { answerWitness, withWitnesses } from '../../../src/ledger/answer-witness.ts';
import type { Witness } from '../../../src/ledger/trusted-time.ts';
import type { HttpExchange, HttpResult } from '../../../src/ports/http.ts';

const URL = 'https://api.galileo.ai/v2/invite_users';
const DATE = 'Mon, 02 Mar 2026 10:00:00 GMT';
const AT_MS = Date.UTC(2026, 2, 2, 10);

describe('an answer', () => {
  it('says what time it is by its `Date`', () => {
    expect(answerWitness(URL, { date: DATE })).toEqual({ atMs: AT_MS, kind: 'now' });
  });

  it('from a cache says it by its `Date` and its `Age`', () => {
    expect(answerWitness(URL, { date: DATE, age: '3600' })).toEqual({ atMs: AT_MS + 3_600_000, kind: 'now' });
  });

  it.each([
    ['over plain http', 'http://localhost:8080/', { date: DATE }],
    ['without a `Date`', URL, {}],
    ['with a `Date` in another form', URL, { date: '2026-03-02T10:00:00Z' }],
    ['with two of them', URL, { date: `${DATE}, ${DATE}` }],
    ['with a day that is none', URL, { date: 'Mon, 99 Xxx 2026 10:00:00 GMT' }],
  ])('%s is no witness', (_what, url, headers) => {
    expect(answerWitness(url, headers)).toBeNull();
  });
});

describe('an HTTP port with witnesses', () => {
  const exchange = { url: URL } as HttpExchange;
  const heard = async (result: HttpResult): Promise<readonly Witness[]> => {
    const witnesses: Witness[] = [];
    const http = withWitnesses({ exchange: async () => result }, (witness) => void witnesses.push(witness));
    expect(await http.exchange(exchange)).toBe(result);
    return witnesses;
  };

  it('reports a complete answer, whatever its status, and passes it on', async () => {
    const body = new Uint8Array();
    expect(await heard({ kind: 'answered', status: 500, headers: { date: DATE }, body })).toEqual([
      { atMs: AT_MS, kind: 'now' },
    ]);
    expect(await heard({ kind: 'answered', status: 200, headers: {}, body })).toEqual([]);
  });

  it('reports nothing of an answer that did not come whole', async () => {
    expect(await heard({ kind: 'maybe_sent', reason: 'timeout', status: 200 })).toEqual([]);
    expect(await heard({ kind: 'not_sent', reason: 'connect_failed' })).toEqual([]);
  });
});
