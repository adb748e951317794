/**
 * GET /audit/records: the audit trail, verbatim, as NDJSON. `after` is an exclusive cursor, and an empty answer means
 * that there are no more records yet. The order of `seq` is commit order, so a reader who follows the cursor misses no
 * record.
 */
import type { Context } from 'hono';
import type { Ledger } from '../../ledger/port.ts';
import type { AppEnv } from '../../middleware/app-env.ts';
import { ndjson } from './ndjson.ts';
import { readQuery } from '../query.ts';
import { readLedger } from '../read-ledger.ts';

const MAX_LINES = 1000;

export async function auditRecords(c: Context<AppEnv>, ledger: Pick<Ledger, 'records'>): Promise<Response> {
  const query = readQuery(c, { after: { pattern: /^\d{1,15}$/, form: 'after must be the seq of a record, or 0' } });
  if (query.kind === 'refused') return query.response;
  const after = Number(query.values.after ?? 0);
  return await readLedger(
    c,
    () => ledger.records(after, MAX_LINES),
    (records) => ndjson(c, records),
  );
}
