/** What the console says became of each address, and the file that it exports. */
import type { BatchPlan, BatchStep, InviteProblem, Sent } from 'galileo-invite-client';
import { describe, expect, it } from 'vitest';
import { addressTable } from '../../../console/src/views/invite/compose/address-table.ts';
import { csvOf, delimiterIn } from '../../../console/src/views/invite/send/export-csv.ts';
import type { Result } from '../../../console/src/views/invite/send/result.ts';
import { inSmallerBatches, withEnded } from '../../../console/src/views/invite/send/plan.ts';
import { afterOutcome, afterStep, waiting } from '../../../console/src/views/invite/send/result.ts';

const LIST = ['a@acme.com', 'b@acme.com', 'c@acme.com'].map(waiting);
const step = (part: object): BatchStep =>
  ({
    batch: 0,
    batches: 2,
    addresses: ['a@acme.com', 'b@acme.com'],
    done: 2,
    total: 3,
    ...part,
  }) as unknown as BatchStep;
const problem = (facts: Partial<InviteProblem>): InviteProblem =>
  ({ message: 'why', requestId: 'r-1', outcome: null, decisions: [], ...facts }) as InviteProblem;
const kinds = (results: readonly Result[]): string[] => results.map(({ kind }) => kind);

describe('the result of an address', () => {
  it('is invited or refused as the batch says, one by one, and the others still wait', () => {
    const refused = [{ email: 'b@acme.com', decision: 'deny', rule: null, because: [], message: 'no rule' }];
    const sent = { sent: ['a@acme.com'], refused, requestId: 'r-1' } as unknown as Sent;
    const results = afterStep(LIST, step({ kind: 'sent', sent }));
    expect(kinds(results)).toEqual(['invited', 'refused', 'waiting']);
    expect(results[1]).toMatchObject({ message: 'no rule', requestId: 'r-1' });
  });

  it('is in doubt only where the batch may have left', () => {
    const lost = step({ kind: 'stopped', problem: problem({ outcome: 'unknown' }) });
    expect(kinds(afterStep(LIST, lost))).toEqual(['in_doubt', 'in_doubt', 'waiting']);
    const quota = step({ kind: 'stopped', problem: problem({ outcome: null }) });
    expect(kinds(afterStep(LIST, quota))).toEqual(['waiting', 'waiting', 'waiting']);
  });

  it('is followed from unknown to what it settled to, and nothing else changes by that', () => {
    const unknown = afterStep(LIST, step({ kind: 'unknown', problem: problem({}) }));
    expect(kinds(unknown)).toEqual(['unknown', 'unknown', 'waiting']);
    const to = (state: 'accepted' | 'refused' | 'not_sent', id = 'r-1') =>
      kinds(afterOutcome(unknown, id, { state, outcome: null }));
    expect(to('accepted')).toEqual(['invited', 'invited', 'waiting']);
    expect(to('refused')).toEqual(['refused', 'refused', 'waiting']);
    // Nothing was done: it may be sent again, with its own key.
    expect(to('not_sent')).toEqual(['waiting', 'waiting', 'waiting']);
    expect(to('accepted', 'r-2')).toEqual(kinds(unknown));
  });

  it('ends its own batch in the plan', () => {
    const batch = (emails: string[]) => ({ emails, idempotencyKey: emails.join(), ended: 'unknown' as const });
    const plan: BatchPlan = { request: {}, lenient: true, batches: [batch(['a@acme.com']), batch(['c@acme.com'])] };
    expect(withEnded(plan, ['c@acme.com'], null).batches.map(({ ended }) => ended)).toEqual(['unknown', null]);
  });
});

describe('a batch that Galileo refused', () => {
  const refused = (facts: Partial<InviteProblem>, addresses = LIST.map(({ email }) => email)) =>
    afterStep(LIST, step({ addresses, kind: 'refused', problem: problem({ origin: 'upstream', ...facts }) }));
  const why = (results: readonly Result[]) => results.map(({ refusedFor }) => refusedFor);
  const planOf = (...batches: string[][]): BatchPlan => ({
    ...{ request: {}, lenient: true },
    batches: batches.map((emails) => ({ emails, idempotencyKey: emails.join(), ended: 'refused' })),
  });

  it('is refused as a whole: any of its addresses may be the reason', () => {
    const results = refused({ message: 'not permitted' });
    expect(why(results)).toEqual(['any', 'any', 'any']);
    expect(results[0]?.message).toBe('Refused with its whole batch. Galileo says: not permitted');
  });

  it('is refused for the addresses that Galileo names, by their places among those that were sent', () => {
    const decisions = [{ email: 'a@acme.com', decision: 'deny', rule: null, because: [], message: 'no rule' }];
    const errors = [{ type: 'value_error', loc: ['body', 'emails', 1], msg: 'no such domain' }];
    const results = refused({ decisions: decisions as unknown as InviteProblem['decisions'], body: { errors } });
    expect(why(results)).toEqual([undefined, 'others', undefined]);
    expect(results.map(({ message }) => message)).toEqual([
      'no rule',
      'Refused with its whole batch, because of other addresses in it.',
      'Galileo says: no such domain',
    ]);
  });

  it('is refused for its only address, or by the policy for each: there is nothing to send again', () => {
    expect(why(refused({ message: 'not permitted' }, ['a@acme.com']))).toEqual([undefined, undefined, undefined]);
    expect(why(refused({ origin: 'policy' }))).toEqual([undefined, undefined, undefined]);
  });

  it('is sent again in ten parts with keys of their own, and one by one when it is small', () => {
    const list = Array.from({ length: 45 }, (_, at) => `p${String(at)}@acme.com`);
    const results = list.map((email): Result => ({ ...waiting(email), kind: 'refused', refusedFor: 'any' }));
    const { plan, results: again } = inSmallerBatches(planOf(list), results);
    expect(plan.batches.map(({ emails }) => emails.length)).toEqual([5, 5, 5, 5, 5, 5, 5, 5, 5]);
    expect(plan.batches.flatMap(({ emails }) => emails)).toEqual(list);
    expect(new Set(plan.batches.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(9);
    expect(plan.batches.every(({ ended }) => ended === null)).toBe(true);
    expect(kinds(again).every((kind) => kind === 'waiting')).toBe(true);
    const small = inSmallerBatches(planOf(list.slice(0, 3)), results.slice(0, 3)).plan;
    expect(small.batches.map(({ emails }) => emails.length)).toEqual([1, 1, 1]);
  });

  it('keeps its key for what is not sent again, and other batches stay as they are', () => {
    const results = refused({ body: { errors: [{ loc: ['body', 'emails', 0], msg: 'no' }] } });
    const { plan } = inSmallerBatches(planOf(['a@acme.com', 'b@acme.com', 'c@acme.com'], ['d@acme.com']), results);
    expect(plan.batches.map(({ emails, ended }) => [emails.join(), ended])).toEqual([
      ['a@acme.com', 'refused'],
      ['b@acme.com,c@acme.com', null],
      ['d@acme.com', 'refused'],
    ]);
    expect(plan.batches[0]?.idempotencyKey).toBe('a@acme.com,b@acme.com,c@acme.com');
  });
});

describe('the exported file', () => {
  it('is CSV that spreadsheets read as UTF-8, with quotes where they are needed', () => {
    const results = [
      { ...waiting('a@acme.com'), kind: 'refused' as const, message: 'no "rule", sorry', requestId: 'r' },
    ];
    expect(csvOf(results, ',')).toBe(
      '\uFEFFAddress,Result,Message,Request\r\na@acme.com,Refused,"no ""rule"", sorry",r\r\n',
    );
  });

  it('has semicolons where spreadsheets expect them, and quotes around those of a text', () => {
    const results = [{ ...waiting('a@acme.com'), kind: 'refused' as const, message: 'no, sorry; ask', requestId: 'r' }];
    expect(csvOf(results, ';')).toBe(
      '\uFEFFAddress;Result;Message;Request\r\na@acme.com;Refused;"no, sorry; ask";r\r\n',
    );
  });

  it.each([
    ['en-US', ','],
    ['en-GB', ','],
    ['ja', ','],
    ['de', ';'],
    ['fr-FR', ';'],
    ['pt-BR', ';'],
  ])('in %s has %s between cells', (language, delimiter) => {
    expect(delimiterIn(language)).toBe(delimiter);
  });

  it.each([',', ';'] as const)('is read by the list box again, with %s', (delimiter) => {
    const file = csvOf(['a@acme.com', 'b@acme.com'].map(waiting), delimiter);
    expect(addressTable(file.slice(1)).text.split('\n').slice(1, 3)).toEqual(['a@acme.com', 'b@acme.com']);
  });

  // A spreadsheet of another language splits at the other delimiter.
  it.each(['=1+1@acme.com', '+a@acme.com', '-a@acme.com', '@SUM', 'no,=1+1', 'no;@SUM(A1)', 'no\t-1+1'])(
    'holds no formula, wherever it is split: %s',
    (text) => {
      for (const delimiter of [',', ';'] as const) {
        const file = csvOf([{ ...waiting('a@acme.com'), message: text }, waiting(text)], delimiter);
        expect(file).not.toMatch(/(?:^|[,;\t\n"])[=+\-@]/);
      }
    },
  );
});
