import { createBatchDelivery, BATCH_LENGTH } from '../../../audit/delivery/batch-delivery.ts';
import type { BatchDelivery } from '../../../audit/delivery/batch-delivery.ts';
import {
  checkpointDueInMs,
  createCheckpointMaker,
  RETRY_AFTER_MS,
} from '../../../audit/checkpoint/checkpoint-maker.ts';
import type { CheckpointMaker } from '../../../audit/checkpoint/checkpoint-maker.ts';
import type { SqliteLedger } from '../../../ledger/sqlite/sqlite-ledger.ts';
import type { SqlitePort } from '../../../ledger/sqlite/sqlite-port.ts';
import type { DeliveryTarget, LedgerObjectPorts } from './ports.ts';

/**
 * Drives the background work of the ledger object by its alarm: the checkpoints that are due, then batches from the
 * outbox to each target. The work itself is the core's (checkpoint-maker, batch-delivery), the same as on Node. The
 * alarm outlives the object: it is set in the turn of the write, and a run sets the next alarm before it begins and
 * again when it ends. A run throws nothing, because the platform gives up on an alarm that keeps failing. A target that
 * fails has a back-off of its own and delays no other target.
 */
export interface OutboxAlarm {
  /** Reads which alarm is set, and sets one when there is work. */
  resume(): Promise<void>;
  /** Something may have been written. Sets the alarm now, unless one is due soon enough. */
  arm(): void;
  run(): Promise<void>;
  /** What the last verification of the trail found. */
  readonly fault: CheckpointMaker['fault'];
}

export interface OutboxAlarmDeps extends LedgerObjectPorts {
  readonly core: Pick<
    SqliteLedger,
    'lease' | 'ack' | 'chain' | 'records' | 'checkpoints' | 'addCheckpoint' | 'recordChanges'
  >;
  readonly sqlite: Pick<SqlitePort, 'transaction'>;
  readonly storage: Pick<DurableObjectStorage, 'getAlarm' | 'setAlarm' | 'deleteAlarm'>;
}

/** From a write to the run: under traffic, one run a second takes everything that came. */
const GATHER_MS = 1_000;
/** When the next run comes if this one is cut short. */
const INSURANCE_MS = 60_000;

/** 20,000 records: several times what one run's interval brings. The next run continues. */
const MAX_SLICES_PER_RUN = 200;

interface TargetState extends DeliveryTarget {
  readonly batches: BatchDelivery;
  /** By the clock of the alarms. */
  notBefore: number;
}

export function createOutboxAlarm(deps: OutboxAlarmDeps): OutboxAlarm {
  const { core, sqlite, storage, clock, alarmClock, schedule, random, logger, metrics, service } = deps;
  const outbox = {
    lease: async (sink: string, limit: number) => core.lease(sink, limit),
    ack: async (sink: string, position: number) => sqlite.transaction(() => core.ack(sink, position)),
  };
  const targets: readonly TargetState[] = deps.targets.map((target) => ({
    ...target,
    batches: createBatchDelivery({ outbox, sink: target.sink, clock, random, logger, metrics }),
    notBefore: 0,
  }));
  const checkpoints = createCheckpointMaker({
    ...deps,
    recordKey: async (to) => {
      const change = { what: 'checkpoint_key_changed', to } as const;
      sqlite.transaction(() => core.recordChanges([{ change, seen: 'changed', service }]));
    },
    ledger: { ...core, addCheckpoint: (checkpoint) => sqlite.transaction(() => core.addCheckpoint(checkpoint)) },
  });
  let checkpointNotBefore = 0;
  /** As far as this object knows; null when no alarm is set. */
  let alarmAt: number | null = null;

  async function setAlarm(atMs: number): Promise<void> {
    alarmAt = atMs;
    await storage.setAlarm(atMs);
  }

  /** When the next work is due; null when there is none. */
  function nextDue(): number | null {
    const soon = alarmClock.now() + GATHER_MS;
    const due = targets
      .filter(({ sink }) => core.lease(sink.name, 1).length > 0)
      .map(({ notBefore }) => Math.max(soon, notBefore));
    const checkpointInMs = checkpointDueInMs(core.chain(), Math.trunc(clock.now()));
    if (checkpointInMs !== null) due.push(Math.max(soon, alarmClock.now() + checkpointInMs, checkpointNotBefore));
    return due.length === 0 ? null : Math.min(...due);
  }

  function arm(): void {
    const now = alarmClock.now();
    // An alarm that is long past was lost: the platform gives up on an alarm in the end.
    const known = alarmAt !== null && alarmAt > now - INSURANCE_MS ? alarmAt : Infinity;
    if (known <= now + GATHER_MS) return;
    const due = nextDue();
    if (due === null || due >= known) return;
    // Not awaited: it belongs to the turn of the write, and fails with it.
    void setAlarm(due).catch(() => {
      alarmAt = null;
    });
  }

  async function deliver(target: TargetState): Promise<void> {
    const { batches, maxLengthPerRun } = target;
    for (let length = 0; length < maxLengthPerRun && target.notBefore <= alarmClock.now();) {
      const result = await batches.deliver(Math.min(BATCH_LENGTH, maxLengthPerRun));
      if (result.kind === 'empty') return;
      if (result.kind === 'delivered') length += result.length;
      else target.notBefore = alarmClock.now() + result.nextTryMs;
    }
  }

  async function makeCheckpoint(): Promise<void> {
    if (checkpointNotBefore > alarmClock.now()) return;
    for (let slices = 0; slices < MAX_SLICES_PER_RUN; slices += 1) {
      const { kind } = await checkpoints.make('whenDue');
      if (kind === 'made' || kind === 'failed') deps.noteTrail?.(checkpoints.fault() === null);
      if (kind === 'failed') checkpointNotBefore = alarmClock.now() + RETRY_AFTER_MS;
      if (kind === 'failed' || kind === 'not_due') return;
      // Steps that wait have their turn between two slices.
      if (kind === 'unfinished') await new Promise<void>((resolve) => void schedule.after(0, resolve));
    }
  }

  return {
    async resume() {
      alarmAt = await storage.getAlarm();
      arm();
    },
    arm,
    fault: checkpoints.fault,
    async run() {
      await setAlarm(alarmClock.now() + INSURANCE_MS);
      await makeCheckpoint();
      await Promise.all(targets.map(deliver));
      const due = nextDue();
      if (due !== null) return await setAlarm(due);
      alarmAt = null;
      await storage.deleteAlarm();
    },
  };
}
