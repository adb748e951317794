import type { ChainVerdict } from '../../audit/chain.ts';
import type { LedgerFault } from '../../platform/node/ledger/locate.ts';

/** The facts about a ledger file that can be read without the service's lock and without a change to the file. */
export type LedgerFacts =
  /** There is no ledger yet. `creatable`: this user may create it, judged by the nearest folder that exists. */
  | { readonly kind: 'absent'; readonly creatable: boolean }
  | { readonly kind: 'unusable'; readonly reason: LedgerFault }
  | {
      readonly kind: 'readable';
      /** A running process holds the lock: a service uses this ledger now. */
      readonly inUse: boolean;
      /** This user may write to it. */
      readonly writable: boolean;
      readonly schemaVersion: number;
      readonly records: number;
      /** The verification of the last records, as many as the service itself verifies when it starts. */
      readonly tail: ChainVerdict;
      /** The time of the ledger's own clock, in milliseconds since the epoch. */
      readonly clockMs: number;
    };
