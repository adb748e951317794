/**
 * The policy from a file, read when the service starts. A bad file stops the start with every problem at its
 * line and column: there is no older policy to fall back to yet.
 */
import { readFile } from 'node:fs/promises';
import type { Deps } from '../../deps.ts';
import { loadPolicy } from '../../policy/load.ts';
import type { PolicyProblem } from '../../policy/load.ts';

export type OpenedPolicy =
  | { readonly kind: 'opened'; readonly policy: Deps['policy'] }
  | { readonly kind: 'refused'; readonly problems: readonly PolicyProblem[] };

export async function openPolicy(path: string, issuers: readonly string[]): Promise<OpenedPolicy> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return { kind: 'refused', problems: [{ line: 1, column: 1, message: 'the file cannot be read' }] };
  const loaded = loadPolicy(text, { issuers });
  if (loaded.kind === 'refused') return loaded;
  return { kind: 'opened', policy: { current: () => loaded.policy } };
}
