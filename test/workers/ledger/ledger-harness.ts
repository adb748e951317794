import { env } from 'cloudflare:workers';
import type { Ledger } from '../../../src/ledger/port.ts';
import { createLedger } from '../../../src/platform/workers/ledger/client.ts';
import { schedule } from '../../../src/platform/workers/runtime.ts';
import type { LedgerNamespace } from '../../../src/platform/workers/ledger/client.ts';
import type { LedgerObjectPorts } from '../../../src/platform/workers/ledger/ports.ts';
import type { LogFields, Logger } from '../../../src/ports/logger.ts';
import { createFakeClock, createFakeIds } from '../../support/clock.ts';
import type { FakeClock } from '../../support/clock.ts';
import { portsByObject } from '../entry.ts';
import type { LedgerObject } from '../entry.ts';

/**
 * A separate ledger object for each test, called in the same way as the service calls it. Its alarms use a clock that
 * is set far in the future, so no alarm runs unless a test runs it.
 */
export interface LedgerObjectHarness {
  readonly ledger: Ledger;
  readonly stub: DurableObjectStub<LedgerObject>;
  readonly clock: FakeClock;
  readonly alarmClock: FakeClock;
  readonly logs: readonly LogLine[];
  /** Ports for the object's next start. */
  restartWith(ports: Partial<LedgerObjectPorts>): void;
  /** Another client of the same object. */
  client(namespace?: LedgerNamespace): Ledger;
}

export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: LogFields;
}

const FAR_FUTURE_MS = Date.UTC(2120, 0);

const namespace = (env as unknown as { LEDGER: DurableObjectNamespace<LedgerObject> }).LEDGER;
let objects = 0;

/** The harness's `clock` is unused when `ports` has another. */
export function openLedgerObject(ports: Partial<LedgerObjectPorts> = {}): LedgerObjectHarness {
  const clock = createFakeClock();
  const alarmClock = createFakeClock(FAR_FUTURE_MS);
  const logs: LogLine[] = [];
  const logger = collectInto(logs);
  const id = namespace.idFromName(`ledger-${(objects += 1)}-${crypto.randomUUID()}`);
  let current: LedgerObjectPorts = {
    // Without its monotonic reading, as the platform's clock.
    clock: { now: clock.now },
    alarmClock,
    ids: createFakeIds(1_000_000),
    random: { next: () => 0.5 },
    schedule,
    logger,
    metrics: { count: () => undefined },
    targets: [],
    signer: async () => null,
    service: { name: 'galileo-invite-proxy', version: '0.0.0', runtime: 'workerd', instance: 'ledger' },
    ...ports,
  };
  const restartWith = (changes: Partial<LedgerObjectPorts>): void => {
    current = { ...current, ...changes };
    portsByObject.set(id.toString(), current);
  };
  restartWith({});
  const own = { idFromName: () => id, get: (given: DurableObjectId) => namespace.get(given) };
  const client = (over: LedgerNamespace = own): Ledger =>
    createLedger({ namespace: over, clock: current.clock, logger, metrics: current.metrics });
  return {
    ledger: client(),
    /** A new stub each time: a stub does not outlive its object. */
    get stub() {
      return namespace.get(id);
    },
    clock,
    alarmClock,
    logs,
    restartWith,
    client,
  };
}

/** The ledger object of the deployment, which the whole Worker calls. */
export function deploymentLedger(): DurableObjectStub<LedgerObject> {
  return namespace.get(namespace.idFromName('ledger'));
}

export type Step = (name: string, args: readonly unknown[]) => Promise<unknown>;

/** A binding that answers every call with `step`, for faults between a Worker and the object. */
export function answering(step: Step): LedgerNamespace {
  return { idFromName: () => ({}) as DurableObjectId, get: () => ({ step }) };
}

export function collectInto(lines: LogLine[]): Logger {
  const at =
    (level: string) =>
    (event: string, fields: LogFields = {}) =>
      void lines.push({ level, event, fields });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
