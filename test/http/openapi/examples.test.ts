/** The examples of /openapi.json: every request is sent, and the answer is the example but for ids and digests. */
import { describe, expect, it } from 'vitest';
import { EXAMPLE_EXCHANGES } from '../../../src/openapi/examples/exchanges.ts';
import { maskAnswer } from '../../support/exchanges/mask.ts';
import { sendExample } from '../../support/exchanges/send-example.ts';

describe('the example', () => {
  it.each(EXAMPLE_EXCHANGES)('$operationId $name is answered with $answer.status like this', async (exchange) => {
    const answered = await sendExample(exchange);
    expect(maskAnswer(answered)).toEqual(maskAnswer(exchange.answer));
  });
});

describe('the mask', () => {
  const answer = {
    status: 200,
    headers: {},
    body: { one: `a ${'0f'.repeat(32)}`, other: '0190a5d4-7c3a-7b1e-9f60-3f5d0c2b9e11' },
  };

  it('hides which id or digest it is', () => {
    const other = { ...answer, body: { other: '019c0000-0001-7000-8000-000000000000', one: `a ${'ab'.repeat(32)}` } };
    expect(maskAnswer(other)).toEqual(maskAnswer(answer));
  });

  it.each([
    [
      'two ids that are one in the example',
      { ...answer.body, third: '019c0000-0001-7000-8000-000000000000' },
      { ...answer.body, third: answer.body.other },
    ],
    ['an id in place of a digest', { id: answer.body.other }, { id: '0f'.repeat(32) }],
    ['a UUID of another version', { id: answer.body.other }, { id: '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d' }],
    ['another word', { text: 'yes' }, { text: 'no' }],
    ['a member more', {}, { more: null }],
  ])('shows %s', (_, one, other) => {
    expect(maskAnswer({ ...answer, body: one })).not.toEqual(maskAnswer({ ...answer, body: other }));
  });
});
