import type { QuotaCharge } from '../../../policy/decision.ts';
import type { Owner } from '../../port.ts';

/**
 * The rows that the steps of a batch can need. Every step adds its own before the batch is read; the working set
 * (working-set.ts) refuses to answer about a row that was not asked for.
 */
export interface Needs {
  readonly owners: Map<string, Owner>;
  readonly requests: Set<string>;
  /** Keys by scope, each with its answer and the request that it is bound to. */
  readonly keys: Set<string>;
  /** By counterName, without the end of their window: the ledger's time is not known yet. */
  readonly counters: Map<string, QuotaCharge>;
  /** Subjects, by scope, whose current minute may be counted. */
  readonly suppressions: Set<string>;
  /** All readers of the current minute. */
  readers: boolean;
  /** How many minutes that are over are to be taken. */
  readonly overs: { suppressions: number; reads: number };
  /** Requests of admissions that are repeated. */
  readonly repeated: Set<string>;
  readonly changes: Set<string>;
  readonly policies: Set<string>;
}

export function createNeeds(): Needs {
  return {
    owners: new Map(),
    requests: new Set(),
    keys: new Set(),
    counters: new Map(),
    suppressions: new Set(),
    readers: false,
    overs: { suppressions: 0, reads: 0 },
    repeated: new Set(),
    changes: new Set(),
    policies: new Set(),
  };
}

export function ownerName({ issuer, clientId, subject }: Owner): string {
  return JSON.stringify([issuer, clientId, subject]);
}

export function needOwner(needs: Needs, owner: Owner): void {
  needs.owners.set(ownerName(owner), owner);
}

export function needCounters(needs: Needs, charges: readonly QuotaCharge[]): void {
  for (const charge of charges) needs.counters.set(counterName(charge), charge);
}

export function counterName({
  windowMs,
  quota,
  unit,
  counter,
}: Pick<QuotaCharge, 'windowMs' | 'quota' | 'unit' | 'counter'>): string {
  return `${windowMs}\n${unit}\n${quota}\n${counter}`;
}
