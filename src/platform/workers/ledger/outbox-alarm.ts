import { takeBatch } from '../../../audit/delivery/batch-limit.ts';
import { checkpointLine } from '../../../audit/checkpoint/checkpoint.ts';
import { backoffMs, BATCH_LENGTH, BATCH_SIZE } from '../../../audit/delivery/delivery.ts';
import type { DeliveryFailure } from '../../../audit/delivery/delivery.ts';
import { createFailureStreak } from '../../../tasks/failure-streak.ts';
import type { FailureStreak } from '../../../tasks/failure-streak.ts';
import { checkpointDueInMs, RETRY_AFTER_MS } from '../../../audit/checkpoint/checkpointer.ts';
import { SinkError } from '../../../audit/delivery/sink.ts';
import { createTrailGuard } from '../../../audit/checkpoint/trail-guard.ts';
import type { SqliteLedger } from '../../../ledger/sqlite/sqlite-ledger.ts';
import type { SqlitePort } from '../../../ledger/sqlite/sqlite-port.ts';
import type { DeliveryTarget, LedgerObjectPorts } from './ports.ts';

/**
 * What the ledger object does behind its answers, driven by its alarm: makes checkpoints of what it has verified, and
 * carries the outbox to each target in order and at least once. The alarm outlives the object. It is set in the turn that
 * writes; a run sets the next one before it begins and again when it ends, and throws nothing, because the platform gives
 * up on an alarm that keeps failing. A target that fails waits by itself.
 */
export interface OutboxAlarm {
  /** Reads which alarm is set, and sets one where there is work. */
  resume(): Promise<void>;
  /** Something may have been written. Sets the alarm at once, where none is due soon enough. */
  arm(): void;
  run(): Promise<void>;
}

export interface OutboxAlarmDeps extends LedgerObjectPorts {
  readonly core: Pick<SqliteLedger, 'lease' | 'ack' | 'chain' | 'records' | 'checkpoints' | 'addCheckpoint'>;
  readonly sqlite: Pick<SqlitePort, 'transaction'>;
  readonly storage: Pick<DurableObjectStorage, 'getAlarm' | 'setAlarm' | 'deleteAlarm'>;
}

/** From a write to the run: under traffic, one run a second takes all that came. */
const GATHER_MS = 1_000;
/** When the next run comes if this one does not live to say so. */
const INSURANCE_MS = 60_000;

/** One target and how it fares. */
interface Bulkhead extends DeliveryTarget {
  readonly failureStreak: FailureStreak<DeliveryFailure>;
  /** By the clock of the alarms. */
  notBefore: number;
}

export function createOutboxAlarm(deps: OutboxAlarmDeps): OutboxAlarm {
  const { core, sqlite, storage, clock, alarmClock, ids, random, logger, metrics, targets, signer } = deps;
  const states: readonly Bulkhead[] = targets.map((target) => ({
    ...target,
    failureStreak: createFailureStreak<DeliveryFailure>(clock),
    notBefore: 0,
  }));
  const guard = createTrailGuard(core);
  const checkpointRun = createFailureStreak<'checkpoint_failed'>(clock);
  let checkpointNotBefore = 0;
  /** As far as this object knows: null when no alarm is set. */
  let alarmAt: number | null = null;

  async function setAlarm(atMs: number): Promise<void> {
    alarmAt = atMs;
    await storage.setAlarm(atMs);
  }

  /** When there is something to do next; null when all is done. */
  function nextDue(): number | null {
    const soon = alarmClock.now() + GATHER_MS;
    const due = states
      .filter(({ sink }) => core.lease(sink.name, 1).length > 0)
      .map(({ notBefore }) => Math.max(soon, notBefore));
    const checkpointInMs = checkpointDueInMs(core.chain(), Math.trunc(clock.now()));
    if (checkpointInMs !== null) due.push(Math.max(soon, alarmClock.now() + checkpointInMs, checkpointNotBefore));
    return due.length === 0 ? null : Math.min(...due);
  }

  function arm(): void {
    const now = alarmClock.now();
    // One that is long past was lost: the platform gives up on an alarm in the end.
    const known = alarmAt !== null && alarmAt > now - INSURANCE_MS ? alarmAt : Infinity;
    if (known <= now + GATHER_MS) return;
    const due = nextDue();
    if (due === null || due >= known) return;
    // Not awaited: it belongs to the turn of the write, and fails with it.
    void setAlarm(due).catch(() => {
      alarmAt = null;
    });
  }

  async function deliver(target: Bulkhead): Promise<void> {
    const { sink, maxLengthPerRun } = target;
    if (target.notBefore > alarmClock.now()) return;
    let length = 0;
    let otherwise: DeliveryFailure = 'ledger_unavailable';
    try {
      while (length < maxLengthPerRun) {
        otherwise = 'ledger_unavailable';
        const batch = takeBatch(core.lease(sink.name, BATCH_SIZE), Math.min(BATCH_LENGTH, maxLengthPerRun));
        const last = batch.at(-1);
        if (last === undefined) break;
        otherwise = 'unknown';
        await sink.write(batch);
        otherwise = 'ledger_unavailable';
        sqlite.transaction(() => core.ack(sink.name, last.position));
        metrics.count('audit_deliveries', { sink: sink.name, result: 'delivered' });
        length += batch.reduce((sum, { line }) => sum + line.length, 0);
      }
      logRecovery(target);
    } catch (error) {
      noteFailure(target, error instanceof SinkError ? error.reason : otherwise);
    }
  }

  /** The error itself stays out of the log: it may quote a record. */
  function noteFailure(target: Bulkhead, reason: DeliveryFailure): void {
    const { failures, shouldLog } = target.failureStreak.failed(reason);
    const queueTimeoutMs = backoffMs(failures, random);
    target.notBefore = alarmClock.now() + queueTimeoutMs;
    metrics.count('audit_deliveries', { sink: target.sink.name, result: reason });
    if (shouldLog)
      logger.warn('audit_delivery_failed', { sink: target.sink.name, reason, failures, next_try_ms: queueTimeoutMs });
  }

  function logRecovery({ sink, failureStreak }: Bulkhead): void {
    const ended = failureStreak.succeeded();
    if (ended?.shouldLog !== true) return;
    logger.info('audit_delivery_recovered', {
      sink: sink.name,
      failures: ended.failures,
      failing_ms: ended.failingMs,
    });
  }

  async function keepCheckpoints(): Promise<void> {
    if (checkpointNotBefore > alarmClock.now()) return;
    try {
      const madeAt = Math.trunc(clock.now());
      if (checkpointDueInMs(core.chain(), madeAt) !== 0) return;
      const signing = await signer();
      const chain = core.chain();
      const checked = await guard.check(chain, signing);
      if (checked.kind === 'unfinished') return;
      if (checked.kind === 'broken') {
        const { seq, reason, isNews } = checked;
        checkpointNotBefore = alarmClock.now() + RETRY_AFTER_MS;
        if (isNews) logger.error('audit_trail_broken', { seq, reason });
        return;
      }
      const { seq: count, hash: head } = chain.head;
      const { previous } = checked;
      const statement = { id: ids.uuid7(), time: new Date(madeAt).toISOString(), count, head, previous };
      const line = await checkpointLine(statement, signing);
      if (sqlite.transaction(() => core.addCheckpoint({ count, madeAt, line }))) guard.made(line);
      checkpointRun.succeeded();
    } catch {
      checkpointNotBefore = alarmClock.now() + RETRY_AFTER_MS;
      const { failures, shouldLog } = checkpointRun.failed('checkpoint_failed');
      if (shouldLog) logger.warn('audit_checkpoint_failed', { failures });
    }
  }

  return {
    async resume() {
      alarmAt = await storage.getAlarm();
      arm();
    },
    arm,
    async run() {
      await setAlarm(alarmClock.now() + INSURANCE_MS);
      await keepCheckpoints();
      await Promise.all(states.map(deliver));
      const due = nextDue();
      if (due !== null) return await setAlarm(due);
      alarmAt = null;
      await storage.deleteAlarm();
    },
  };
}
