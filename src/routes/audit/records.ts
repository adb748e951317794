/**
 * GET /audit/records: the audit trail, verbatim, as NDJSON. `after` is an exclusive cursor, and an empty answer means
 * that there are no more records yet. The order of `seq` is commit order, so a reader who follows the cursor misses no
 * record. The read is on record itself.
 */
import type { Context } from 'hono';
import type { AppEnv } from '../../middleware/app-env.ts';
import { ndjson } from './ndjson.ts';
import { readQuery } from '../query.ts';
import { readLedger } from '../read-ledger.ts';
import { givenOf, recordRead } from '../record-read.ts';
import type { RecordReadDeps } from '../record-read.ts';

const MAX_LINES = 1000;

export async function auditRecords(c: Context<AppEnv>, deps: RecordReadDeps): Promise<Response> {
  const query = readQuery(c, { after: { pattern: /^\d{1,15}$/, form: 'after must be the seq of a record, or 0' } });
  if (query.kind === 'refused') return query.response;
  const after = Number(query.values.after ?? 0);
  return await readLedger(
    c,
    () => deps.ledger.records(after, MAX_LINES),
    async (records) => {
      await recordRead(c, deps, { what: 'trail', ...givenOf(records) });
      return ndjson(c, records);
    },
  );
}
