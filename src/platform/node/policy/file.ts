/**
 * Reads a policy file once. Every problem of the file itself (missing, a folder, too large, not text) is a result and
 * not an exception, because a caller that polls handles both in the same place. It does not judge the policy.
 */
import { textFileProblem } from '../../../lib/text/text-file-error.ts';
import type { TextPlace } from '../../../lib/text/text-file-error.ts';
import type { PolicyProblem } from '../../../policy/load.ts';
import { readTextFile } from '../text-file.ts';

export type PolicyFileRead =
  /** `file` is the identity of the file; see text-file.ts. */
  | { readonly kind: 'text'; readonly text: string; readonly file: string }
  | { readonly kind: 'unreadable'; readonly message: string; readonly place?: TextPlace };

/** Never rejects. */
export async function readPolicyFile(path: string): Promise<PolicyFileRead> {
  try {
    const { text, identity } = await readTextFile(path);
    return { kind: 'text', text, file: identity };
  } catch (error) {
    return { kind: 'unreadable', ...textFileProblem(error) };
  }
}

/** The problem in the form that the problems of a policy have. A fault of the file as a whole is at line 1, column 1. */
export function problemOfFile({
  message,
  place,
}: {
  readonly message: string;
  readonly place?: TextPlace;
}): PolicyProblem {
  const { line, column } = place ?? { line: 1, column: 1 };
  return { line, column, message };
}
