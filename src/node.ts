/**
 * The service on Node as a process: `node src/node.ts`, configured by its environment only. Exit codes: 0 after a clean
 * stop, 1 after a failed one or a crash, 2 when the start is refused.
 */
import './platform/node/process/no-inspector.ts';
import { runService } from './platform/node/process/run-service.ts';
import { startNodeService } from './platform/node/service.ts';

await runService(process.env, startNodeService);
