import { createHttpClient } from '../../../src/platform/workers/http-client/http-client.ts';
import { describeHttpPort } from './http-port.contract.ts';

// The Workers adapter over Node's fetch: it maps the results of fetch in the same way in every runtime.
describeHttpPort('fetch', () => createHttpClient(), { provesNotSent: false });
