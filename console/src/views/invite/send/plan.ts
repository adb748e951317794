/** Changes of a plan that is being sent: a batch that has ended otherwise, and a refused batch in parts. Pure but for new keys. */
import type { Batch, BatchPlan } from 'galileo-invite-client';
import { createIdempotencyKey } from 'galileo-invite-client';
import type { Result } from './result.ts';
import { waiting } from './result.ts';

/** Up to this many, each address gets a batch of its own; more are cut into this many parts. */
const PARTS = 10;

/** The plan with another ending of the batch that has these addresses. */
export function withEnded(plan: BatchPlan, emails: readonly string[], ended: Batch['ended']): BatchPlan {
  const [one = ''] = emails;
  return {
    ...plan,
    batches: plan.batches.map((batch) => (batch.emails.includes(one) ? { ...batch, ended } : batch)),
  };
}

/**
 * What Galileo refused as a whole, to be sent once more. Where Galileo named the addresses that it does not take, the
 * others stay one batch.
 */
export function inSmallerBatches(
  plan: BatchPlan,
  results: readonly Result[],
): { readonly plan: BatchPlan; readonly results: readonly Result[] } {
  const reasons = new Map(results.map(({ email, refusedFor }) => [email, refusedFor]));
  const isAgain = (email: string): boolean => reasons.get(email) !== undefined;
  const batches = plan.batches.flatMap((batch): readonly Batch[] => {
    const again = batch.emails.filter(isAgain);
    const [first] = again;
    if (first === undefined) return [batch];
    const left = batch.emails.filter((email) => !isAgain(email));
    const size = reasons.get(first) === 'others' ? again.length : Math.ceil(again.length / PARTS);
    return [
      ...(left.length === 0 ? [] : [{ ...batch, emails: left }]),
      ...inParts(again, size).map((emails) => ({ emails, idempotencyKey: createIdempotencyKey(), ended: null })),
    ];
  });
  return {
    plan: { ...plan, batches },
    results: results.map((one) => (one.refusedFor === undefined ? one : waiting(one.email))),
  };
}

function inParts(emails: readonly string[], size: number): readonly (readonly string[])[] {
  const parts = Math.ceil(emails.length / size);
  return Array.from({ length: parts }, (_, at) => emails.slice(at * size, (at + 1) * size));
}
