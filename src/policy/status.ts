/**
 * What a running service can say of one of its policy files: which digest is in force, since when, and what became of
 * the file it judged last. The two differ while a bad file lies there: it is refused and the older policy stays.
 * Nothing here holds an address or a piece of the file; problems are the loader's own sentences.
 */
import type { PolicyProblem } from './load.ts';

export interface PolicyStatus {
  /** Of the policy in force, 64 hex digits. */
  readonly digest: string;
  /** When it was taken up, milliseconds since the epoch. */
  readonly sinceMs: number;
  /** What became of the file when it was judged last. */
  readonly last: PolicyResult;
}

export type PolicyResult =
  | { readonly result: 'loaded'; readonly atMs: number }
  | { readonly result: 'refused'; readonly atMs: number; readonly problems: readonly PolicyProblem[] };

/** A page holds so many; whoever mends them sees the rest as they go. */
const MAX_PROBLEMS_TOLD = 20;

/** For operators, as JSON. */
export function describePolicyStatus({ digest, sinceMs, last }: PolicyStatus) {
  const reason =
    last.result === 'loaded'
      ? {}
      : { problem_count: last.problems.length, problems: last.problems.slice(0, MAX_PROBLEMS_TOLD) };
  return { digest, since: isoTime(sinceMs), last: { result: last.result, at: isoTime(last.atMs), ...reason } };
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
