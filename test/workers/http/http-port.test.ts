import { createHttpClient } from '../../../src/platform/workers/http-client/http-client.ts';
import { describeHttpPort } from '../../contract/http-port/http-port.contract.ts';
import { serveRawRemotely } from './raw-servers-remote.ts';

describeHttpPort('fetch in workerd', () => createHttpClient(), { provesNotSent: false }, serveRawRemotely);
