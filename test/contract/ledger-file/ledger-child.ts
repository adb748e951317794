import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { openLedger } from '../../../src/platform/node/ledger/open-ledger.ts';
import { createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission, quotaCharge, settlement } from '../../support/ledger/ledger.ts';

/**
 * A process that owns a ledger, for tests that need a real process to refuse, to kill, or to run out of disk space.
 * Usage: `node ledger-child.ts <path> <mode>`. It prints `open`, then one line per acknowledged step. A line is written
 * before the next step begins.
 */
const [path = '', mode = 'hold'] = process.argv.slice(2);
const say = (line: string): void => void writeSync(1, `${line}\n`);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

const ledger = await openLedger({
  path,
  clock: { now: () => Date.now(), monotonic: () => performance.now() },
  ids: createFakeIds(1_000_000),
  logger: quiet,
  metrics: { count: () => undefined },
}).catch((error: unknown) => {
  say(`refused: ${error instanceof Error ? error.message : 'unknown'}`);
  process.exit(1);
});
say('open');

const MODES: Record<string, () => unknown> = {
  hold: () => setInterval(() => {}, 60_000),
  /** Twenty parallel callers; each admits and settles in an endless loop. */
  traffic() {
    let next = 0;
    async function caller(): Promise<never> {
      for (;;) {
        const id = testUuid7(next++);
        await ledger.admit(admission(id, { key: `key-${id}`, charges: [quotaCharge({ limit: 1e9 })] }));
        say(`open ${id}`);
        await ledger.settle(settlement(id, 'accepted'));
        say(`accepted ${id}`);
      }
    }
    return Promise.all(Array.from({ length: 20 }, caller));
  },
  /** One admission per input line, with a record large enough to fill a small disk soon. */
  stepwise() {
    createInterface({ input: process.stdin }).on('line', (id) => {
      const big = admission(id);
      const base = { ...big.records.base, source: { address: null, user_agent: 'x'.repeat(20_000) } };
      ledger.admit({ ...big, records: { ...big.records, base } }).then(
        () => say(`open ${id}`),
        () => say(`failed ${id}`),
      );
    });
  },
};

await MODES[mode]?.();
