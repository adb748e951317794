/** What the console says became of each address, and the file that it exports. */
import type { BatchPlan, BatchStep, InviteProblem, Sent } from 'galileo-invite-client';
import { describe, expect, it } from 'vitest';
import { csvOf } from '../../../console/src/views/invite/export-csv.ts';
import type { Result } from '../../../console/src/views/invite/result.ts';
import { afterOutcome, afterStep, withEnded } from '../../../console/src/views/invite/result.ts';

const waiting = (email: string): Result => ({ email, kind: 'waiting', message: null, requestId: null });
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

describe('the exported file', () => {
  it('is CSV that spreadsheets read as UTF-8, with quotes where they are needed', () => {
    const results = [
      { ...waiting('a@acme.com'), kind: 'refused' as const, message: 'no "rule", sorry', requestId: 'r' },
    ];
    expect(csvOf(results)).toBe(
      '\uFEFFAddress,Result,Message,Request\r\na@acme.com,Refused,"no ""rule"", sorry",r\r\n',
    );
  });

  it.each(['=1+1@acme.com', '+a@acme.com', '-a@acme.com', '@SUM'])('holds no formula: %s', (text) => {
    expect(csvOf([{ ...waiting('a@acme.com'), message: text }, waiting(text)])).not.toMatch(/(?:^|[,\n])[=+\-@]/);
  });
});
