import { clientCalls } from '../unit/client/calls.contract.ts';
import { clientConnections } from '../unit/client/connections.contract.ts';
import { serveRawRemotely } from './http/raw-servers-remote.ts';

clientCalls('workerd');
clientConnections('workerd', serveRawRemotely);
