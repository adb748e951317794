/**
 * Judges a large policy in a thread of its own: a file with 100,000 domains costs a second that no request should wait
 * for. A compiled policy is maps, sets and plain data, so it comes back as it is; taking it in costs a tenth of
 * judging it. The thread sees neither the environment nor its secrets, and ends with its answer.
 */
import { Worker } from 'node:worker_threads';
import type { PolicyLoaded } from '../../../policy/load.ts';
import type { LoadPolicyOptions } from '../../../policy/document/read-document.ts';

const ENTRY = new URL('thread-entry.ts', import.meta.url);
/** Thirty times what the largest file takes on a slow machine. */
const DEADLINE_MS = 60_000;
/** Four times what the largest file takes. */
const MAX_HEAP_MB = 1_024;

/** What goes into the thread. */
export interface PolicyTask extends LoadPolicyOptions {
  readonly text: string;
}

/** As `loadPolicy`. Rejects when the thread ends without an answer: no memory, no time, no threads. */
export async function loadPolicyInThread(text: string, { issuers }: LoadPolicyOptions): Promise<PolicyLoaded> {
  const answer = Promise.withResolvers<PolicyLoaded>();
  const workerData: PolicyTask = { text, issuers };
  const thread = new Worker(ENTRY, {
    workerData,
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
  thread.unref();
  thread.once('message', answer.resolve);
  thread.once('messageerror', answer.reject);
  thread.once('error', answer.reject);
  thread.once('exit', () => answer.reject(new Error('the thread ended without an answer')));
  const deadline = setTimeout(() => void thread.terminate(), DEADLINE_MS).unref();
  try {
    return await answer.promise;
  } finally {
    clearTimeout(deadline);
  }
}
