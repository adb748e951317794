import { serveRaw } from '../../contract/http-port/server.ts';
import { clientConnections } from './connections.contract.ts';

clientConnections('Node', serveRaw);
