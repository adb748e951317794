import { createHttpClient } from '../../../src/platform/workers/http-client/http-client.ts';
import { describeHttpPort } from './http-port.contract.ts';

// The Workers adapter over this runtime's fetch: what it makes of fetch's answers is the same everywhere.
describeHttpPort('fetch', () => createHttpClient(), { provesNotSent: false });
