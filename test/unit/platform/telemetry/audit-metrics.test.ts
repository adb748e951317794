import { describe, expect, it } from 'vitest';
import { createMemoryLedger } from '../../../support/ledger/memory-ledger.ts';
import { exposeAuditStatus } from '../../../../src/platform/node/telemetry/audit-metrics.ts';
import { createMetrics } from '../../../../src/platform/node/telemetry/metrics.ts';
import { createFakeClock, createFakeIds, testUuid7, TEST_TIME_MS } from '../../../support/clock.ts';
import type { TrailFault } from '../../../../src/audit/checkpoint/trail-guard.ts';
import { admission } from '../../../support/ledger/ledger.ts';

function setup() {
  const clock = createFakeClock();
  const ledger = createMemoryLedger({ clock, ids: createFakeIds(1000) });
  const reads = { backlog: 0, chain: 0 };
  let isFailing = false;
  let fault: TrailFault | null = null;
  const counted = <T>(name: keyof typeof reads, read: () => Promise<T>): Promise<T> => {
    reads[name] += 1;
    return isFailing ? Promise.reject(new Error('no ledger')) : read();
  };
  const metrics = createMetrics();
  exposeAuditStatus(metrics, {
    ledger: {
      backlog: (sinks) => counted('backlog', () => ledger.backlog(sinks)),
      chain: () => counted('chain', () => ledger.chain()),
    },
    sinks: ['stdout', 'http'],
    clock,
    trailFault: () => fault,
  });
  return {
    clock,
    ledger,
    reads,
    fail: (failing: boolean) => (isFailing = failing),
    find: (found: TrailFault | null) => (fault = found),
    /** The exposed metrics of the trail, without the prefix. */
    async levels(): Promise<string[]> {
      const { text } = await metrics.expose();
      return text.split('\n').flatMap((line) => /^galileo_invite_proxy_(audit_(?:s|c|t|u).*)/.exec(line)?.[1] ?? []);
    },
  };
}

describe('the trail in metrics', () => {
  it('is empty and covered at first, and has no checkpoint to give the time of', async () => {
    expect(await setup().levels()).toEqual([
      'audit_sink_backlog_records{sink="stdout"} 0',
      'audit_sink_backlog_records{sink="http"} 0',
      'audit_sink_lag_seconds{sink="stdout"} 0',
      'audit_sink_lag_seconds{sink="http"} 0',
      'audit_trail_intact 1',
      'audit_uncovered_records 0',
    ]);
  });

  it('is not intact while the last verification found a change, also when the ledger cannot be read', async () => {
    const { levels, find, fail } = setup();
    find({ seq: 31, reason: 'edited' });
    expect(await levels()).toContain('audit_trail_intact 0');
    fail(true);
    expect(await levels()).toEqual(['audit_trail_intact 0']);
    find(null);
    expect(await levels()).toEqual(['audit_trail_intact 1']);
  });

  it('shows each sink’s backlog and the age of its oldest record, and what no checkpoint covers', async () => {
    const { clock, ledger, levels } = setup();
    await ledger.admit(admission(testUuid7(1)));
    clock.advance(30_000);
    await ledger.admit(admission(testUuid7(2)));
    await ledger.ack('stdout', (await ledger.lease('stdout', 1))[0]?.position ?? 0);
    await ledger.addCheckpoint({ count: 1, madeAt: clock.now(), line: '{}' });
    clock.advance(10_000);
    expect(await levels()).toEqual([
      'audit_sink_backlog_records{sink="stdout"} 1',
      'audit_sink_backlog_records{sink="http"} 2',
      'audit_sink_lag_seconds{sink="stdout"} 10',
      'audit_sink_lag_seconds{sink="http"} 40',
      `audit_checkpoint_timestamp_seconds ${String((TEST_TIME_MS + 30_000) / 1000)}`,
      'audit_trail_intact 1',
      'audit_uncovered_records 1',
    ]);
  });

  it('costs one read of each kind an exposition, and shows no figure of the ledger while that cannot be read', async () => {
    const { ledger, reads, fail, levels } = setup();
    await ledger.admit(admission(testUuid7(1)));
    fail(true);
    expect(await levels()).toEqual(['audit_trail_intact 1']);
    expect(reads).toEqual({ backlog: 1, chain: 1 });
    fail(false);
    expect(await levels()).toContain('audit_uncovered_records 1');
    expect(reads).toEqual({ backlog: 2, chain: 2 });
  });
});
