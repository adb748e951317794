/**
 * A problem of a policy file by its path in the parsed document. load turns paths into lines and columns.
 * This file turns zod's issues into problems: one per unknown key, and for a union only the issues below its top level,
 * if there are any.
 */
import type * as z from 'zod';

export interface DocumentProblem {
  readonly path: readonly PropertyKey[];
  /** Set if the key itself is wrong and not its value. */
  readonly at?: 'key';
  readonly message: string;
  /** For advice on what to write instead (advice/advise.ts). */
  readonly mistake?: Mistake;
}

export type Mistake =
  | { readonly kind: 'unknown_key'; readonly key: string }
  | { readonly kind: 'unfit_value'; readonly issue: z.core.$ZodIssue }
  | {
      readonly kind: 'unknown_name';
      readonly of: NameKind;
      readonly name: string;
      readonly known: ReadonlySet<string>;
    };

export type NameKind = 'sets' | 'groups' | 'callers' | 'issuers';

/** `value` is the parsed document. */
export function documentProblems(
  issue: z.core.$ZodIssue,
  value: unknown,
  prefix: readonly PropertyKey[] = [],
): DocumentProblem[] {
  const path = [...prefix, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        ...{ path: [...path, key], at: 'key', message: 'unknown key' },
        mistake: { kind: 'unknown_key', key },
      }));
    case 'invalid_key':
      return [{ path, at: 'key', message: issue.issues[0]?.message ?? issue.message }];
    case 'invalid_union': {
      const deeper = issue.errors.flat().filter((inner) => inner.path.length > 0);
      if (deeper.length > 0) return deeper.flatMap((inner) => documentProblems(inner, value, path));
      return [{ path, message: messageOf(issue, value, path), mistake: { kind: 'unfit_value', issue } }];
    }
    default:
      return [{ path, message: messageOf(issue, value, path), mistake: { kind: 'unfit_value', issue } }];
  }
}

function messageOf({ message }: z.core.$ZodIssue, value: unknown, path: readonly PropertyKey[]): string {
  return isThere(value, path) ? plain(message) : `missing key: ${String(path.at(-1))}`;
}

/** zod's message without its first words. */
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
