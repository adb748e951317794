/**
 * Puts on record that a caller read the trail, or requests of other callers. The count is durable before the answer is
 * given. When the ledger cannot write it, the answer is given all the same, because an auditor must be able to read when
 * the disk is full; the log and a counter say so. Values of filters go nowhere.
 */
import type { Context } from 'hono';
import type { ReadKind, Reader } from '../audit/record.ts';
import type { Principal } from '../auth/principal.ts';
import type { Deps } from '../deps.ts';
import { actorInRecord } from '../invite/record.ts';
import type { ReadReport } from '../ledger/records/read-count.ts';
import type { StoredRecord } from '../ledger/port.ts';
import type { AppEnv } from '../middleware/app-env.ts';

export type RecordReadDeps = Pick<Deps, 'ledger' | 'logger' | 'metrics' | 'service'>;

/** What an answer gives out. */
export interface Given extends Pick<ReadReport, 'records'>, Partial<Pick<ReadReport, 'seqs' | 'filters'>> {
  readonly what: ReadKind;
}

/** Never rejects. */
export async function recordRead(
  c: Context<AppEnv>,
  { ledger, logger, metrics, service }: RecordReadDeps,
  { what, records, seqs = null, filters = [] }: Given,
): Promise<void> {
  const requestId = c.get('requestId');
  const reader = readerOf(c.get('principal'));
  try {
    await ledger.countRead({ requestId, reader, what, records, seqs, filters, service });
  } catch {
    metrics.count('audit_reads_unrecorded');
    logger.error('audit_read_unrecorded', { request_id: requestId, trace_id: c.get('traceId'), what });
  }
}

/** What these records of the trail, in seq order, count as. */
export function givenOf(records: readonly StoredRecord[]): Pick<ReadReport, 'records' | 'seqs'> {
  const [first, last] = [records[0], records.at(-1)];
  return {
    records: records.length,
    seqs: first === undefined || last === undefined ? null : { first: first.seq, last: last.seq },
  };
}

/** Without the token's id: the reads of one minute may come with several tokens. */
function readerOf(principal: Principal): Reader {
  const { token_id: _, ...reader } = actorInRecord(principal);
  return reader;
}
