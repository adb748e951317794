import { DurableObject } from 'cloudflare:workers';
import { reasonOf } from '../../../ledger/report-failures.ts';
import { createUnreadableReport } from '../../../ledger/report-unreadable.ts';
import { createFailureStreak } from '../../../tasks/failure-streak.ts';
import type { FailureStreak } from '../../../tasks/failure-streak.ts';
import { createSqliteLedger } from '../../../ledger/sqlite/sqlite-ledger.ts';
import type { SqliteLedger } from '../../../ledger/sqlite/sqlite-ledger.ts';
import type { SqlitePort } from '../../../ledger/sqlite/sqlite-port.ts';
import { refuseBrokenTail } from '../../../ledger/sqlite/trail/trail.ts';
import { createObjectPorts } from './ports.ts';
import type { LedgerObjectEnv, LedgerObjectPorts } from './ports.ts';
import { isStepName, LEDGER_STEPS } from './rpc.ts';
import type { StepAnswer, StepFailure, StepName } from './rpc.ts';
import { createOutboxAlarm } from './outbox-alarm.ts';
import type { OutboxAlarm } from './outbox-alarm.ts';
import { createObjectSqlite } from './sqlite.ts';

/**
 * The Durable Object that is the ledger of a deployment: the same SQLite ledger as on Node, over the object's own
 * storage. One call is one step and one transaction within one turn, so steps never interleave. The answer leaves when
 * the storage has confirmed the write. Nothing here waits for Galileo, and no step waits for a sink: the alarm delivers
 * the records.
 */
export class LedgerObject extends DurableObject<LedgerObjectEnv> {
  readonly #sqlite: SqlitePort;
  readonly #core: SqliteLedger;
  readonly #outbox: OutboxAlarm;
  readonly #ports: LedgerObjectPorts;
  readonly #failures: FailureStreak<`${StepName} ${StepFailure}`>;

  constructor(ctx: DurableObjectState, env: LedgerObjectEnv, ports: LedgerObjectPorts = createObjectPorts(env)) {
    super(ctx, env);
    this.#ports = ports;
    this.#sqlite = createObjectSqlite(ctx.storage);
    this.#core = createSqliteLedger({
      sqlite: this.#sqlite,
      clock: ports.clock,
      ids: ports.ids,
      reportUnreadable: createUnreadableReport(ports),
    });
    this.#failures = createFailureStreak(ports.clock);
    refuseBrokenTail(this.#sqlite, TAIL_CHECK_RECORDS);
    this.#outbox = createOutboxAlarm({ core: this.#core, sqlite: this.#sqlite, storage: ctx.storage, ...ports });
    void ctx.blockConcurrencyWhile(() => this.#outbox.resume());
  }

  /** The only RPC method; `name` is a row of LEDGER_STEPS. Never throws. A failure holds nothing of the arguments. */
  step(name: unknown, args: unknown): StepAnswer {
    if (!isStepName(name)) return { kind: 'failed', reason: 'unknown_step' };
    const checked = LEDGER_STEPS[name].args.safeParse(args);
    if (!checked.success) return this.#refuse(name, 'invalid_arguments');
    try {
      const result = this.#run(name, checked.data);
      // In the same turn as the write, so that the alarm is set if and only if the write is there.
      if (LEDGER_STEPS[name].writes) this.#outbox.arm();
      return { kind: 'done', result };
    } catch (error) {
      return this.#refuse(name, reasonOf(error));
    }
  }

  override async alarm(): Promise<void> {
    await this.#outbox.run();
  }

  /** A result that does not fit its schema undoes the step, because the caller could not tell what happened. */
  #run(name: StepName, args: readonly unknown[]): unknown {
    const { result, writes } = LEDGER_STEPS[name];
    const run = (): unknown =>
      result.parse(
        name === 'chain'
          ? { ...this.#core.chain(), fault: this.#outbox.fault() }
          : (this.#core[name] as (...all: readonly unknown[]) => unknown)(...args),
      );
    return writes ? this.#sqlite.transaction(run) : run();
  }

  #refuse(step: StepName, reason: StepFailure): StepAnswer {
    if (this.#failures.failed(`${step} ${reason}`).shouldLog)
      this.#ports.logger.error('ledger_object_step_failed', { step, reason });
    return { kind: 'failed', reason };
  }
}

/** Few, because an object starts often and a caller waits for it. */
const TAIL_CHECK_RECORDS = 50;
