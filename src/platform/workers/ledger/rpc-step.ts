import type * as z from 'zod';
import type { Ledger } from '../../../ledger/port.ts';

/** A row of the RPC (rpc.ts): one method of the ledger port. */
export interface Step<K extends keyof Ledger = keyof Ledger> {
  readonly args: z.ZodType<Parameters<Ledger[K]>>;
  readonly result: z.ZodType<Awaited<ReturnType<Ledger[K]>>>;
  /** Runs in a transaction. */
  readonly writes: boolean;
}
