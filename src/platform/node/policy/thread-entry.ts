/** The code that runs in the thread of thread.ts: it loads one policy and posts one result. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadPolicy } from '../../../policy/load.ts';
import type { PolicyTask } from './thread.ts';

const { text, issuers } = workerData as PolicyTask;
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- A port between threads has no origin.
parentPort?.postMessage(loadPolicy(text, { issuers }));
