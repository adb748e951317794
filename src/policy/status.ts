/**
 * The status of one policy file of a running service: the digest in force, since when, and the result for the file that
 * was judged last. They differ while the file is invalid: it is refused and the older policy stays in force.
 * A status contains no address and no part of the file; problems are the loader's own sentences.
 */
import { rfc3339 } from '../lib/rfc3339.ts';
import type { PolicyProblem } from './load.ts';

export interface PolicyStatus {
  /** Of the policy in force, 64 hex digits. */
  readonly digest: string;
  /** When it came into force, in milliseconds since the epoch. */
  readonly sinceMs: number;
  /** The result for the file that was judged last. */
  readonly last: PolicyResult;
}

export type PolicyResult =
  | { readonly result: 'loaded'; readonly atMs: number }
  /** It is valid, and the ledger could not take it: the older policy stays until the ledger can. */
  | { readonly result: 'not_recorded'; readonly atMs: number }
  | { readonly result: 'refused'; readonly atMs: number; readonly problems: readonly PolicyProblem[] };

/** Enough for one page. More appear once these are fixed. */
const MAX_SHOWN_PROBLEMS = 20;

/** For operators, as JSON. */
export function describePolicyStatus({ digest, sinceMs, last }: PolicyStatus) {
  const reason =
    last.result !== 'refused'
      ? {}
      : { problem_count: last.problems.length, problems: last.problems.slice(0, MAX_SHOWN_PROBLEMS) };
  return { digest, since: rfc3339(sinceMs), last: { result: last.result, at: rfc3339(last.atMs), ...reason } };
}
