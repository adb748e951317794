/**
 * A problem of a policy file by its place in the parsed file; load turns places into lines and columns.
 * Here zod's issues become findings: one per unknown key, and of an either-or the branch that got furthest.
 */
import type * as z from 'zod';

export interface DocumentProblem {
  readonly path: readonly PropertyKey[];
  /** The key itself is at fault, not what stands under it. */
  readonly at?: 'key';
  readonly message: string;
}

/** `value` is what was parsed. */
export function documentProblems(
  issue: z.core.$ZodIssue,
  value: unknown,
  prefix: readonly PropertyKey[] = [],
): DocumentProblem[] {
  const path = [...prefix, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...path, key], at: 'key', message: 'unknown key' }));
    case 'invalid_key':
      return [{ path, at: 'key', message: issue.issues[0]?.message ?? issue.message }];
    case 'invalid_union': {
      const deeper = issue.errors.flat().filter((inner) => inner.path.length > 0);
      if (deeper.length > 0) return deeper.flatMap((inner) => documentProblems(inner, value, path));
      return [{ path, message: issue.message }];
    }
    default:
      return [{ path, message: isThere(value, path) ? plain(issue.message) : `missing key: ${String(path.at(-1))}` }];
  }
}

/** The library's own sentences without their preamble. */
function plain(message: string): string {
  return message.replace(/^Invalid (?:input|option): /, '');
}

function isThere(value: unknown, path: readonly PropertyKey[]): boolean {
  let inner: unknown = value;
  for (const step of path) {
    if (typeof inner !== 'object' || inner === null || !Object.hasOwn(inner, step)) return false;
    inner = (inner as Record<PropertyKey, unknown>)[step];
  }
  return true;
}
