import type { CheckpointSigner } from '../../../audit/checkpoint/checkpoint.ts';
import type { RecordService } from '../../../audit/record.ts';
import { importSigningKey } from '../../../audit/checkpoint/signing-key.ts';
import type { Sink } from '../../../audit/delivery/sink.ts';
import type { Settings } from '../../../config/schema.ts';
import { settingText } from '../../../config/reading/setting-text.ts';
import { SETTINGS } from '../../../config/schema.ts';
import { SERVICE_NAME, SERVICE_VERSION } from '../../../config/service.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Ids } from '../../../ports/ids.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Metrics } from '../../../ports/metrics.ts';
import type { Random } from '../../../ports/random.ts';
import type { Schedule } from '../../../ports/schedule.ts';
import { createQueueSink } from '../audit/queue.ts';
import type { SecretBinding } from '../secrets/bound-secret.ts';
import { clock, ids, random, schedule } from '../runtime.ts';
import { BINDING_DEADLINE_MS } from '../secrets/bound-secret.ts';
import { withDeadline } from '../../../tasks/with-deadline.ts';
import { createLogger, createStdoutSink } from '../telemetry/logger.ts';
import { createMetrics } from '../telemetry/metrics.ts';

/**
 * The ports of the ledger object besides its storage, made from a deployment's bindings. The object reads the bindings
 * by itself, because the platform starts it and not the Worker that calls it. Both read a setting by its row in
 * config/schema.
 */
export interface LedgerObjectPorts {
  /** The ledger's clock. */
  readonly clock: Clock;
  /** The platform's clock, by which alarms are set. */
  readonly alarmClock: Clock;
  readonly ids: Ids;
  readonly random: Random;
  readonly schedule: Schedule;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'count'>;
  /** Learns of each verification of the trail before a checkpoint; left out where nobody asks. */
  readonly noteTrail?: (isIntact: boolean) => void;
  readonly targets: readonly DeliveryTarget[];
  /** Rejects when the key cannot be read. Null: checkpoints go out unsigned. */
  readonly signer: () => Promise<CheckpointSigner | null>;
  /** Who writes the records that the object makes by itself. */
  readonly service: RecordService;
}

export interface DeliveryTarget {
  /** Its name is the name of the ledger's cursor, the same on every platform. */
  readonly sink: Sink;
  /** Characters that one run of the alarm may hand over; a single item may have more. */
  readonly maxLengthPerRun: number;
}

export interface LedgerObjectEnv {
  readonly AUDIT_QUEUE?: Queue;
  /** As in docs/config.md: `stdout,http,otlp`. Those beyond stdout are reached through the Queue. */
  readonly AUDIT_SINKS?: string;
  /** Of the log lines; the consumer of the Queue formats for its sinks. */
  readonly AUDIT_FORMAT?: string;
  /** An Ed25519 private key (PKCS#8 PEM): a secret, or a secret of a Secrets Store. */
  readonly AUDIT_SIGNING_KEY?: SecretBinding;
  readonly METRICS?: AnalyticsEngineDataset;
  readonly LOG_LEVEL?: string;
}

/** Workers Logs cuts what one run prints at 256 KB. */
const STDOUT_LENGTH_PER_RUN = 100_000;
/** Bounds how long one run keeps the object busy with compressing. */
const QUEUE_LENGTH_PER_RUN = 4 * 1024 * 1024;

export function createObjectPorts(env: LedgerObjectEnv): LedgerObjectPorts {
  const service = { name: SERVICE_NAME, version: SERVICE_VERSION, runtime: 'workerd', instance: 'ledger' };
  const metrics = createMetrics(env.METRICS);
  return {
    clock,
    alarmClock: clock,
    ids,
    random,
    schedule,
    logger: createLogger({ level: settingOf(env, 'LOG_LEVEL') ?? 'info', service }),
    metrics,
    noteTrail: (isIntact) => metrics.gauge('audit_trail_intact', Number(isIntact)),
    targets: deliveryTargets(env),
    signer: once(() => readSigner(env.AUDIT_SIGNING_KEY)),
    service,
  };
}

/** Without a Queue, everything goes out as log lines. With an unreadable AUDIT_SINKS nothing goes out until it is fixed. */
function deliveryTargets(env: LedgerObjectEnv): DeliveryTarget[] {
  const { AUDIT_QUEUE } = env;
  const names = settingOf(env, 'AUDIT_SINKS');
  const format = settingOf(env, 'AUDIT_FORMAT');
  if (names === null || format === null) return [];
  const queued = AUDIT_QUEUE === undefined ? [] : names.filter((name) => name !== 'stdout');
  const toStdout = names.includes('stdout') || queued.length === 0;
  return [
    ...(toStdout ? [{ sink: createStdoutSink(format), maxLengthPerRun: STDOUT_LENGTH_PER_RUN }] : []),
    ...queued.map((name) => ({
      sink: createQueueSink({ name, queue: AUDIT_QUEUE as Queue }),
      maxLengthPerRun: QUEUE_LENGTH_PER_RUN,
    })),
  ];
}

async function readSigner(binding: LedgerObjectEnv['AUDIT_SIGNING_KEY']): Promise<CheckpointSigner | null> {
  if (binding === undefined || binding === '') return null;
  const text =
    typeof binding === 'string'
      ? binding
      : await withDeadline(binding.get(), { schedule, deadlineMs: BINDING_DEADLINE_MS });
  return await importSigningKey(text);
}

/** Empty counts as absent. Null when the value is refused: then the Worker logs it and answers 503. */
function settingOf<Name extends 'LOG_LEVEL' | 'AUDIT_SINKS' | 'AUDIT_FORMAT'>(
  env: LedgerObjectEnv,
  name: Name,
): Settings[Name] | null {
  const { parse, fallback } = SETTINGS[name];
  const read = parse.safeParse(settingText(name, { [name]: env[name] }) ?? fallback);
  return read.success ? (read.data as Settings[Name]) : null;
}

/** Keeps the first success; after a failure the next call tries again. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: { readonly value: T } | null = null;
  return async () => {
    made ??= { value: await make() };
    return made.value;
  };
}
