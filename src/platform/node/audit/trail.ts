import type { CheckpointSigner } from '../../../audit/checkpoint/checkpoint.ts';
import type { RecordService } from '../../../audit/record.ts';
import { createFanOut } from '../../../audit/delivery/fan-out.ts';
import type { FanOut } from '../../../audit/delivery/fan-out.ts';
import type { GuardedLedger } from '../../../audit/checkpoint/trail-guard.ts';
import { createCheckpointer } from '../../../audit/checkpoint/checkpointer.ts';
import type { Checkpointer } from '../../../audit/checkpoint/checkpointer.ts';
import type { Ledger } from '../../../ledger/port.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Ids } from '../../../ports/ids.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Schedule } from '../../../ports/schedule.ts';
import { exposeAuditStatus } from '../telemetry/audit-metrics.ts';
import type { AuditSinks } from './sinks.ts';
import type { NodeMetrics } from '../telemetry/metrics.ts';
import { random, sha256 } from '../runtime.ts';
import type { ShutdownStep } from '../process/shutdown.ts';

/**
 * The trail's way out of the process: checkpoints over the chain, deliveries to every sink, and what metrics say of
 * both. Waking it is all that a request does about it.
 */
export interface AuditTrail {
  readonly delivery: { wake(): void; readonly status: FanOut['status'] };
  readonly trailFault: Checkpointer['fault'];
  /** In this order: the last records covered, everything delivered that can be, connections gone. */
  readonly shutdown: readonly ShutdownStep[];
  /** Ends what waits for a collector. */
  cut(): void;
}

export interface AuditTrailDeps {
  readonly ledger: Ledger & Pick<GuardedLedger, 'appended'>;
  /** Other processes may use the ledger. */
  readonly isShared: boolean;
  readonly collectors: AuditSinks;
  readonly signer: CheckpointSigner | null;
  readonly service: RecordService;
  readonly clock: Clock;
  /** Stamps checkpoints: retention drops records by the age of theirs. */
  readonly trustedClock: Clock;
  readonly ids: Ids;
  readonly schedule: Schedule;
  readonly logger: Logger;
  readonly metrics: NodeMetrics;
}

export function openAuditTrail({ ledger, isShared, collectors, signer, service, ...deps }: AuditTrailDeps): AuditTrail {
  const { sinks } = collectors;
  const deliveries = createFanOut({ ...deps, outbox: ledger, sinks, random });
  const checkpoints = createCheckpointer({
    ...deps,
    clock: deps.trustedClock,
    ledger,
    signer: async () => signer,
    sha256,
    recordKey: async (to) => {
      await ledger.recordChanges([
        { change: { what: 'checkpoint_key_changed', to }, seen: isShared ? 'found' : 'changed', service },
      ]);
    },
    delivery: deliveries,
  });
  exposeAuditStatus(deps.metrics, {
    ledger,
    sinks: sinks.map(({ name }) => name),
    clock: deps.clock,
    trailFault: checkpoints.fault,
  });
  const wake = (): void => {
    deliveries.wake();
    checkpoints.wake();
  };
  return {
    delivery: { wake, status: () => deliveries.status() },
    trailFault: checkpoints.fault,
    shutdown: [
      { name: 'last checkpoint', run: () => checkpoints.finish() },
      { name: 'audit delivery', run: () => deliveries.drain() },
      { name: 'collectors', run: () => collectors.close() },
    ],
    cut: () => collectors.cut(),
  };
}
