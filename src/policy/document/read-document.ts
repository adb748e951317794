/**
 * From a parsed policy document, plain JSON data, to a policy in force, or to every problem it has by its path. Knows no
 * text: load.ts reads YAML, with lines and columns, and comes here; on Workers, where no YAML parser is, the document
 * was parsed when the Worker was built or the policy was pushed. The same document has the same digest either way.
 */
import { canonicalJson } from '../../lib/canonical-json.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import type { CompiledPolicy } from '../compile.ts';
import { compilePolicy } from '../compile.ts';
import type { DocumentProblem } from './problems.ts';
import { documentProblems } from './problems.ts';
import { checkReferences } from './references.ts';
import type { PolicyFile } from './schema.ts';
import { policyFileSchema } from './schema.ts';
import { runSelfTests } from '../self-test.ts';

/** Where a Workers KV namespace holds the parsed policy document: written by `policy push`, read by the Worker. */
export const POLICY_STORE_KEY = 'policy';

export interface LoadPolicyOptions {
  /** Short names of the configured issuers: a caller may pin only these. `any` where they are not known. */
  readonly issuers: readonly string[] | 'any';
}

export type DocumentRefused = {
  readonly kind: 'refused';
  /** At least one. */
  readonly findings: readonly DocumentProblem[];
};

export type DocumentLoaded = { readonly kind: 'loaded'; readonly policy: CompiledPolicy } | DocumentRefused;

/** A document that is in order but for its tests, which nobody has run. */
export type DocumentRead =
  | { readonly kind: 'read'; readonly file: PolicyFile; readonly policy: CompiledPolicy }
  | DocumentRefused;

/** Wants what JSON can hold, without repeated members. */
export function readDocument(document: unknown, { issuers }: LoadPolicyOptions): DocumentRead {
  const parsed = policyFileSchema.safeParse(document);
  if (!parsed.success) {
    return { kind: 'refused', findings: parsed.error.issues.flatMap((issue) => documentProblems(issue, document)) };
  }
  const dangling = checkReferences(parsed.data, issuers);
  if (dangling.length > 0) return { kind: 'refused', findings: dangling };
  const policy = compilePolicy(parsed.data, sha256Hex(canonicalJson(document)));
  return { kind: 'read', file: parsed.data, policy };
}

/** Reads the document and runs the tests it carries: a failing one blocks loading. */
export function loadDocument(document: unknown, options: LoadPolicyOptions): DocumentLoaded {
  const read = readDocument(document, options);
  if (read.kind === 'refused') return read;
  const failed = runSelfTests(read.file, read.policy);
  return failed.length > 0 ? { kind: 'refused', findings: failed } : { kind: 'loaded', policy: read.policy };
}
