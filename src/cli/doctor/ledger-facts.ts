import type { LedgerFault } from '../../platform/node/ledger/files/locate.ts';
import type { LedgerCondition } from '../../platform/node/ledger/reader.ts';

/**
 * The facts about a ledger file that can be read without the service's lock and without a change to the file. `others`
 * are the paths of ledgers with records that are near one without; left out when there are none.
 */
export type LedgerFacts =
  /** There is no ledger yet. `creatable`: this user may create it, judged by the nearest folder that exists. */
  | { readonly kind: 'absent'; readonly creatable: boolean; readonly others?: readonly string[] }
  | {
      readonly kind: 'unusable';
      readonly reason: LedgerFault;
      /** With `foreign_schema`: the objects that are not of this program, as `table name`. Text from the file. */
      readonly foreign?: readonly string[];
    }
  | ({
      readonly kind: 'readable';
      /** This user may write to it. */
      readonly writable: boolean;
      readonly others?: readonly string[];
      /** The ledger's files that other users may read; left out when there are none. */
      readonly exposed?: readonly string[];
    } & Omit<LedgerCondition, 'path'>);
