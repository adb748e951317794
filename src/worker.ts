/// <reference types="@cloudflare/workers-types" />
/**
 * The service on Cloudflare Workers. tools/build-worker writes the module that is deployed: `createWorker`, given the
 * policy of the build, and the class of the ledger object.
 */
export { LedgerObject } from './platform/workers/ledger/ledger-object.ts';
export { createWorker } from './platform/workers/service.ts';
