import { beginRestore } from '../../../src/platform/node/ledger/copy/begin-restore.ts';
import { durableFiles } from '../../../src/platform/node/ledger/copy/durable-files.ts';
import type { DurableFiles } from '../../../src/platform/node/ledger/copy/durable-files.ts';
import { createFakeIds } from '../../support/clock.ts';

/**
 * A process that restores a ledger and is killed at one moment.
 * Usage: `node restore-child.ts <backup> <ledger> <moment>`. Moments are counted before and after each file operation;
 * 0: it is not killed. It prints `restored` at the end.
 */
const [backup = '', ledger = '', moment = '0'] = process.argv.slice(2);
let passed = 0;

function pass(): void {
  passed += 1;
  if (passed === Number(moment)) process.kill(process.pid, 'SIGKILL');
}

function stopping<A extends readonly unknown[]>(operation: (...args: A) => void): (...args: A) => void {
  return (...args) => {
    pass();
    operation(...args);
    pass();
  };
}

const files: DurableFiles = {
  create: stopping(durableFiles.create),
  sync: stopping(durableFiles.sync),
  copy: stopping(durableFiles.copy),
  rename: stopping(durableFiles.rename),
  remove: stopping(durableFiles.remove),
};

const restore = await beginRestore(
  { backup, ledger, onCreated: () => undefined, onProgress: () => undefined },
  { files, clock: { now: () => Date.now(), monotonic: () => performance.now() }, ids: createFakeIds(7_000_000) },
);
pass();
restore.takePlace(
  {
    seen: 'changed',
    change: { what: 'restored', records: 3, head: 'ab'.repeat(32), backup_time: '2026-03-02T10:00:00.000Z' },
    service: { name: 'galileo-invite-proxy', version: '0.0.0', runtime: 'node', instance: 'test' },
  },
  `${ledger}.before`,
);
pass();
restore.end();
process.stdout.write('restored\n');
