/**
 * Loads a large policy in a worker thread: a file with 100,000 domains takes a second, and no request should wait for
 * it. A compiled policy is maps, sets and plain data, so structured clone returns it unchanged, at a tenth of the cost
 * of loading. The thread sees neither the environment nor its secrets, and ends after its answer.
 */
import { Worker } from 'node:worker_threads';
import type { PolicyLoaded } from '../../../policy/load.ts';
import type { LoadPolicyOptions } from '../../../policy/document/read-document.ts';

const ENTRY = new URL('thread-entry.ts', import.meta.url);
/** Thirty times the time of the largest file on a slow machine. */
const DEADLINE_MS = 60_000;
/** Four times the memory of the largest file. */
const MAX_HEAP_MB = 1_024;

/** The input of the thread. */
export interface PolicyTask extends LoadPolicyOptions {
  readonly text: string;
}

/**
 * Like `loadPolicy`. Rejects when the thread ends without an answer: out of memory, too late, or no thread to be had.
 */
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
