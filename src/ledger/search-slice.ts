import type { SearchFilter } from '../audit/search.ts';

/** What one slice of a search over the trail takes and returns (Ledger.search). Types only. */
export interface SearchQuery {
  readonly filter: SearchFilter;
  /** Exclusive cursor. */
  readonly after: number;
  readonly limit: number;
}

export interface SearchSlice {
  /** Stored records, verbatim. */
  readonly records: readonly { readonly seq: number; readonly line: string }[];
  /** Every record up to this seq was scanned. Pass it as `after` for the next slice. */
  readonly scannedTo: number;
  /** No record after `scannedTo` can match. */
  readonly done: boolean;
  /** The `seq` of records up to `scannedTo` that cannot be read, so that it is unknown whether they match; in order. */
  readonly unreadable: readonly number[];
}
