/**
 * Opens policy files. At the start a bad file is refused with every problem at its line and column, because there is no
 * older policy to keep. A watched file may change while the service runs (reload.ts): an editor renames a new file over
 * it or writes it in place, Kubernetes swaps a ConfigMap, or an operator asks for a reload.
 */
import type { Deps } from '../../../deps.ts';
import type { KeptPolicy } from '../../../ledger/records/change-reporter.ts';
import { loadPolicy } from '../../../policy/load.ts';
import type { PolicyLoaded, PolicyProblem } from '../../../policy/load.ts';
import type { LoadPolicyOptions } from '../../../policy/document/read-document.ts';
import type { PolicyFileRead } from './file.ts';
import { problemOfFile, readPolicyFile } from './file.ts';
import type { PolicyReload, PolicyReloadDeps } from './reload.ts';
import { createPolicyReload } from './reload.ts';
import { loadPolicyInThread } from './thread.ts';
import { watchFile } from './watch.ts';

export type Refused = { readonly kind: 'refused'; readonly problems: readonly PolicyProblem[] };

export type OpenPolicyFileResult = { readonly kind: 'opened'; readonly policy: Deps['policy'] } | Refused;

/** Loads the policy once. */
export async function openPolicy(path: string, issuers: readonly string[]): Promise<OpenPolicyFileResult> {
  const opened = await readAndLoad(path, { issuers });
  return opened.kind === 'refused' ? opened : { kind: 'opened', policy: { current: () => opened.policy } };
}

export type WatchedPolicy =
  /** `kept`: the policy of the start, as it is to be recorded. */
  { readonly kind: 'opened'; readonly policy: PolicyReload; readonly kept: KeptPolicy } | Refused;

export interface WatchPolicyOptions extends LoadPolicyOptions, Omit<PolicyReloadDeps, 'read' | 'load'> {
  readonly path: string;
}

/**
 * Up to this length (about 100 rules) loading takes tens of milliseconds; starting a thread costs several times that.
 */
export const SMALL_LENGTH = 16 * 1024;

/** Loads the policy and follows later changes of its file. Refused when the file is bad now. */
export async function watchPolicy({ path, issuers, ...deps }: WatchPolicyOptions): Promise<WatchedPolicy> {
  const opened = await readAndLoad(path, { issuers });
  if (opened.kind === 'refused') return opened;
  const read = () => readPolicyFile(path);
  const load = async (text: string): Promise<PolicyLoaded> =>
    text.length <= SMALL_LENGTH ? loadPolicy(text, { issuers }) : await loadPolicyInThread(text, { issuers });
  const reload = createPolicyReload({ ...deps, read, load }, opened);
  const stopWatching = watchFile(path, () => reload.check(), deps.logger);
  return {
    kind: 'opened',
    kept: { digest: opened.policy.digest, document: opened.canonical },
    policy: {
      ...reload,
      close() {
        stopWatching();
        reload.close();
      },
    },
  };
}

type ReadAndLoaded = (Extract<PolicyLoaded, { kind: 'loaded' }> & { readonly read: PolicyFileRead }) | Refused;

/** Loads on this thread: before the service listens, no request waits. */
async function readAndLoad(path: string, options: LoadPolicyOptions): Promise<ReadAndLoaded> {
  const read = await readPolicyFile(path);
  if (read.kind === 'unreadable') return { kind: 'refused', problems: [problemOfFile(read)] };
  const loaded = loadPolicy(read.text, options);
  return loaded.kind === 'refused' ? loaded : { ...loaded, read };
}
