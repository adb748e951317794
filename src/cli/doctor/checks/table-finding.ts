import type { TableCondition } from '../../../audit/verify/tables/end-comparison.ts';
import type { Diagnosis } from '../check.ts';
import { failed } from '../check.ts';

/** What doctor says about the tables of a ledger beside its trail, wherever the ledger is stored. Pure. */

/** Of the rows that say something else than the records. */
const MAX_FAULT_LINES = 10;

/** For tables with a fault. */
export function tableFinding(tables: TableCondition, details: NonNullable<Diagnosis['details']>): Diagnosis {
  const [fault = '', ...others] = tables.faults;
  return failed(
    `has tables that say something else than its records (${compared(tables)}). ${fault}`,
    'Somebody changed the ledger: keep a copy, tell your audit team, and run `audit verify`, which compares every request and ' +
      'names each. Until the ledger is restored from a backup, answers follow the records where these say something else.',
    { details, lines: others.slice(0, MAX_FAULT_LINES) },
  );
}

export function agreement(tables: TableCondition | null): string {
  return tables === null ? '' : `; the tables agree with it (${compared(tables)})`;
}

/** What was compared: not the whole ledger. */
function compared({ records, unsettled }: TableCondition): string {
  const last = records === 1 ? 'the last record' : `the last ${records} records`;
  if (unsettled === 0) return `compared: ${last}`;
  return `compared: ${last}, and ${unsettled} earlier ${unsettled === 1 ? 'request' : 'requests'} without an outcome`;
}

export function comparedIn(tables: TableCondition | null): Readonly<Record<string, number>> {
  if (tables === null) return {};
  const { records, unsettled, faults } = tables;
  return { compared_records: records, compared_unsettled: unsettled, table_faults: faults.length };
}
