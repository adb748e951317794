import type { Context } from 'hono';
import type { StoredRecord } from '../../ledger/port.ts';
import type { AppEnv } from '../../middleware/app-env.ts';
import { respond } from '../../middleware/answers/respond.ts';

/** Answers with stored records verbatim, one JSON text per line; an empty body when there are none. */
export function ndjson(c: Context<AppEnv>, records: readonly Pick<StoredRecord, 'line'>[]): Response {
  return respond(c, records.map(({ line }) => `${line}\n`).join(''), 200, { 'Content-Type': 'application/x-ndjson' });
}
