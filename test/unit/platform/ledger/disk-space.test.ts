import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createDiskSpace } from '../../../../src/platform/node/ledger/files/disk-space.ts';
import { exposeDiskSpace } from '../../../../src/platform/node/telemetry/ledger-metrics.ts';
import { createMetrics } from '../../../../src/platform/node/telemetry/metrics.ts';
import { createFakeClock } from '../../../support/clock.ts';
import { keptLog } from '../../../support/tokens.ts';

const MB = 1_000_000;

function setup(free: () => number) {
  const clock = createFakeClock();
  const logger = keptLog();
  let asked = 0;
  const readFreeBytes = () => {
    asked += 1;
    return free();
  };
  const space = createDiskSpace({ path: '/ledger/ledger.db', minFreeMb: 100, clock, logger, readFreeBytes });
  return { clock, logger, space, asked: () => asked };
}

describe('the free space of the ledger', () => {
  it('is low below the floor, and enough from there on, and each change is logged once', () => {
    let free = 100 * MB - 1;
    const { clock, logger, space } = setup(() => free);
    expect([space.isLow(), space.isLow()]).toEqual([true, true]);
    clock.advance(1000);
    expect(space.isLow()).toBe(true);
    expect(logger.lines).toEqual(['{"event":"ledger_space_low","free_mb":99,"min_free_mb":100}']);
    free = 100 * MB;
    clock.advance(1000);
    expect(space.isLow()).toBe(false);
    expect(logger.lines.slice(1)).toEqual(['{"event":"ledger_space_enough","min_free_mb":100}']);
  });

  it('is asked for at most once a second, also after the clock was set back', () => {
    const { clock, space, asked } = setup(() => 0);
    for (let times = 0; times < 10; times += 1) space.isLow();
    expect(asked()).toBe(1);
    clock.advance(-60_000);
    space.isLow();
    expect(asked()).toBe(2);
  });

  it('counts as enough where the file system does not say', () => {
    const { space, logger } = setup(() => {
      throw new Error('not supported');
    });
    expect([space.isLow(), space.freeBytes()]).toEqual([false, null]);
    expect(logger.lines).toEqual([]);
  });

  it('is exposed with the size of the ledger and its write-ahead log', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'invite-proxy-space-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'ledger.db');
    writeFileSync(path, 'x'.repeat(100));
    writeFileSync(`${path}-wal`, 'x'.repeat(20));
    const metrics = createMetrics();
    exposeDiskSpace(metrics, createDiskSpace({ path, minFreeMb: 0, clock: createFakeClock(), logger: keptLog() }));
    const { text } = await metrics.expose();
    expect(text).toMatch(/^galileo_invite_proxy_ledger_size_bytes 120$/m);
    expect(text).toMatch(/^galileo_invite_proxy_ledger_free_bytes [1-9]/m);
  });
});
