import { writeSync } from 'node:fs';
import { createCheckpointMaker } from '../../../src/audit/checkpoint/checkpoint-maker.ts';
import { openLedger } from '../../../src/platform/node/ledger/open-ledger.ts';
import { createFakeClock, createFakeIds, testUuid7 } from '../../support/clock.ts';
import { admission, DAY_MS, passTime } from '../../support/ledger/ledger.ts';

/**
 * A process that writes records, makes checkpoints and drops old records without a pause, to be killed.
 * Usage: `node upkeep-child.ts <path> <round>`. It prints a line for each step that is durable. Nine days pass in each
 * turn, from the year 2016 on, so that every turn drops the records of the turn before.
 */
const [path = '', round = '1'] = process.argv.slice(2);
const YEAR_MS = 365 * DAY_MS;
const clock = createFakeClock(Date.UTC(2016, 0, 1) + Number(round) * YEAR_MS * 0.5);
const ids = createFakeIds(Number(round) * 1_000_000);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const say = (line: string): void => void writeSync(1, `${line}\n`);

const ledger = await openLedger({ path, clock, ids, logger: quiet, metrics: { count: () => undefined } });
const maker = createCheckpointMaker({
  ledger,
  ids,
  clock,
  logger: quiet,
  signer: async () => null,
  recordKey: async () => undefined,
});
for (let turn = 0; ; turn += 1) {
  const first = Number(round) * 1_000_000 + turn * 100;
  await Promise.all(
    Array.from({ length: 40 }, (_, n) => ledger.admit(admission(testUuid7(first + n), { plan: 'deny' }))),
  );
  say(`records ${(await ledger.chain()).head.seq}`);
  for (let made = await maker.make('now'); made.kind !== 'not_due'; made = await maker.make('now'));
  say(`checkpoint ${(await ledger.chain()).checkpoint?.count ?? 0}`);
  const items = await ledger.lease('stdout', 10_000);
  await ledger.ack('stdout', items.at(-1)?.position ?? 0);
  await passTime(ledger, clock, 9 * DAY_MS);
  await ledger.prune({ sinks: ['stdout'], keepRecordsMs: 8 * DAY_MS });
  say(`base ${(await ledger.chain()).base.seq}`);
}
