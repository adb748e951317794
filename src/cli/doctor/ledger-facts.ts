import type { ChainVerdict } from '../../audit/chain.ts';
import type { LedgerFault } from '../../platform/node/ledger/locate.ts';

/** What can be seen of a ledger from outside, without opening it as the service does and without changing it. */
export type LedgerFacts =
  /** Nothing there yet. `creatable`: by this user, in the nearest folder that exists. */
  | { readonly kind: 'absent'; readonly creatable: boolean }
  | { readonly kind: 'unusable'; readonly reason: LedgerFault }
  | {
      readonly kind: 'readable';
      /** A running process holds the lock: this is the ledger of a service at work. */
      readonly inUse: boolean;
      /** By this user. */
      readonly writable: boolean;
      readonly schemaVersion: number;
      readonly records: number;
      /** Of the last records, as many as the service itself looks at when it starts. */
      readonly tail: ChainVerdict;
      /** Where the ledger's own clock stands, in milliseconds since the epoch. */
      readonly clockMs: number;
    };
