import type { LedgerFault } from '../../platform/node/ledger/locate.ts';
import type { LedgerCondition } from '../../platform/node/ledger/reader.ts';

/** The facts about a ledger file that can be read without the service's lock and without a change to the file. */
export type LedgerFacts =
  /** There is no ledger yet. `creatable`: this user may create it, judged by the nearest folder that exists. */
  | { readonly kind: 'absent'; readonly creatable: boolean }
  | { readonly kind: 'unusable'; readonly reason: LedgerFault }
  | ({
      readonly kind: 'readable';
      /** This user may write to it. */
      readonly writable: boolean;
    } & Omit<LedgerCondition, 'path'>);
