/**
 * Turns a parsed policy document, plain JSON data, into a compiled policy, or into every problem that it has by path.
 * It reads no text. load.ts parses YAML with lines and columns, then calls this file. Workers have no YAML parser:
 * there the document is parsed when the Worker is built or the policy is pushed. The digest is the same either way.
 */
import { canonicalJson } from '../../lib/canonical-json.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import type { CompiledPolicy } from '../compile.ts';
import { compilePolicy } from '../compile.ts';
import { sizeProblem } from './document-size.ts';
import type { DocumentProblem } from './problems.ts';
import { documentProblems } from './problems.ts';
import { checkReferences } from './references.ts';
import type { PolicyFile } from './schema.ts';
import { policyFileSchema } from './schema.ts';
import { runSelfTests } from '../self-test.ts';

/** The Workers KV key of the parsed policy document. `policy push` writes it, the Worker reads it. */
export const POLICY_STORE_KEY = 'policy';

export interface LoadPolicyOptions {
  /** Short names of the configured issuers: a caller may name only these. `any` where they are not known. */
  readonly issuers: readonly string[] | 'any';
}

export type DocumentRefused = {
  readonly kind: 'refused';
  /** At least one. */
  readonly problems: readonly DocumentProblem[];
};

export type DocumentLoaded =
  | { readonly kind: 'loaded'; readonly policy: CompiledPolicy; readonly canonical: string }
  | DocumentRefused;

/** A valid document; its tests have not been run. */
export type DocumentRead =
  | {
      readonly kind: 'read';
      readonly file: PolicyFile;
      readonly policy: CompiledPolicy;
      /** The RFC 8785 text of the document, which has the policy's digest. */
      readonly canonical: string;
    }
  | DocumentRefused;

/** Expects JSON data without repeated members. */
export function readDocument(document: unknown, { issuers }: LoadPolicyOptions): DocumentRead {
  const parsed = policyFileSchema.safeParse(document);
  if (!parsed.success) {
    return { kind: 'refused', problems: parsed.error.issues.flatMap((issue) => documentProblems(issue, document)) };
  }
  const dangling = checkReferences(parsed.data, issuers);
  if (dangling.length > 0) return { kind: 'refused', problems: dangling };
  const canonical = canonicalJson(document);
  const tooLarge = sizeProblem(canonical);
  if (tooLarge !== null) return { kind: 'refused', problems: [{ path: [], message: tooLarge }] };
  const policy = compilePolicy(parsed.data, sha256Hex(canonical));
  return { kind: 'read', file: parsed.data, policy, canonical };
}

/** Reads the document and runs its tests. A failing test blocks loading. */
export function loadDocument(document: unknown, options: LoadPolicyOptions): DocumentLoaded {
  const read = readDocument(document, options);
  if (read.kind === 'refused') return read;
  const failed = runSelfTests(read.file, read.policy);
  return failed.length > 0
    ? { kind: 'refused', problems: failed }
    : { kind: 'loaded', policy: read.policy, canonical: read.canonical };
}
