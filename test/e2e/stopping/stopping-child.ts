/**
 * The service as src/node.ts runs it, except for the times of its end: each comes when the test sends its name, and never
 * before. So a test of what follows a time does not depend on how fast the service is. test/unit/platform/process has the times.
 */
import '../../../src/platform/node/process/no-inspector.ts';
import { runService } from '../../../src/platform/node/process/run-service.ts';
import { CUT_AFTER_MS, DEADLINE_MS } from '../../../src/platform/node/process/shutdown.ts';
import { startNodeService } from '../../../src/platform/node/service.ts';

export type TimeOfEnd = 'grace' | 'cut' | 'deadline';

const awaited = new Map<TimeOfEnd, () => void>();
process.on('message', (name: TimeOfEnd) => awaited.get(name)?.());

await runService(process.env, startNodeService, undefined, {
  after(ms, run) {
    const name = ms === CUT_AFTER_MS ? 'cut' : ms === DEADLINE_MS ? 'deadline' : 'grace';
    awaited.set(name, run);
    return () => void awaited.delete(name);
  },
  exit: (code) => process.exit(code),
});
