import type { Context } from 'hono';
import type { StoredRecord } from '../../ledger/port.ts';
import type { AppEnv } from '../../middleware/app-env.ts';

/** Stored lines as they are, one JSON text a line; an empty body where there are none. */
export function ndjson(c: Context<AppEnv>, records: readonly StoredRecord[]): Response {
  return c.body(records.map(({ line }) => `${line}\n`).join(''), 200, { 'Content-Type': 'application/x-ndjson' });
}
