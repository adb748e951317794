import type { Admission, Ledger } from '../../../ledger/port.ts';
import { createFailureReport } from '../../../ledger/report-failures.ts';
import type { FailureReportDeps } from '../../../ledger/report-failures.ts';
import { LEDGER_STEPS, stepAnswer } from './rpc.ts';
import type { StepFailure, StepName } from './rpc.ts';

/**
 * The ledger port on Workers: each step is one RPC to the deployment's single ledger object, which runs it as one
 * transaction. A rejection holds nothing of the arguments. A call is retried once, and only where the platform marks
 * the error as retryable. A call to an overloaded object is never retried, because calls are what overload it.
 */
export interface LedgerDeps extends FailureReportDeps {
  readonly namespace: LedgerNamespace;
}

/** The part of the Durable Object binding that is used. */
export interface LedgerNamespace {
  idFromName(name: string): DurableObjectId;
  /** A stub of LedgerObject. */
  get(id: DurableObjectId): unknown;
}

interface LedgerStub {
  step(name: StepName, args: readonly unknown[]): Promise<unknown>;
}

/** One object per deployment: this keeps admission atomic and gives one trail. */
const OBJECT_NAME = 'ledger';

export class LedgerStepError extends Error {
  override readonly name = 'LedgerStepError';
  readonly reason: StepFailure | 'overloaded' | 'unreachable' | 'invalid_answer';

  constructor(step: StepName, reason: LedgerStepError['reason']) {
    super(`ledger step ${step}: ${reason}`);
    this.reason = reason;
  }
}

export function createLedger({ namespace, ...deps }: LedgerDeps): Ledger {
  const { logger } = deps;
  const reportFailure = createFailureReport(deps);

  /** Each call takes a new stub: a stub that has thrown stays broken. */
  async function callOnce(step: StepName, args: readonly unknown[]): Promise<unknown> {
    const stub = namespace.get(namespace.idFromName(OBJECT_NAME)) as LedgerStub;
    return await stub.step(step, args);
  }

  async function ask(step: StepName, args: readonly unknown[]): Promise<unknown> {
    const response = await callOnce(step, args)
      .catch(async (error: unknown) => {
        if (!isRetryable(error)) throw error;
        logger.warn('ledger_step_repeated', { step });
        return await callOnce(step, repeatedArgs(step, args));
      })
      .catch((error: unknown) => {
        throw new LedgerStepError(step, isOverloaded(error) ? 'overloaded' : 'unreachable');
      });
    const answer = stepAnswer.safeParse(response);
    if (!answer.success) throw new LedgerStepError(step, 'invalid_answer');
    if (answer.data.kind === 'failed') throw new LedgerStepError(step, answer.data.reason);
    const result = LEDGER_STEPS[step].result.safeParse(answer.data.result);
    if (!result.success) throw new LedgerStepError(step, 'invalid_answer');
    return result.data;
  }

  async function run(step: StepName, args: readonly unknown[]): Promise<unknown> {
    try {
      return await ask(step, args);
    } catch (error) {
      reportFailure(step, error instanceof LedgerStepError ? error.reason : 'unreachable');
      throw error;
    }
  }

  const steps = (Object.keys(LEDGER_STEPS) as StepName[]).map(
    (step) => [step, (...args: readonly unknown[]) => run(step, args)] as const,
  );
  return Object.fromEntries(steps) as unknown as Ledger;
}

/** An admission says that it is repeated, because the first call may have been carried out. Other steps may run twice. */
function repeatedArgs(step: StepName, args: readonly unknown[]): readonly unknown[] {
  return step === 'admit' ? [{ ...(args[0] as Admission), repeated: true }] : args;
}

function isOverloaded(error: unknown): boolean {
  return (error as { overloaded?: unknown } | null)?.overloaded === true;
}

/** https://developers.cloudflare.com/durable-objects/best-practices/error-handling/ */
function isRetryable(error: unknown): boolean {
  return (error as { retryable?: unknown } | null)?.retryable === true && !isOverloaded(error);
}
