import { verifyChain } from '../../audit/chain.ts';
import { parseObject } from '../../lib/parse-object.ts';
import type { Head } from './head.ts';
import type { Run } from './postgres-port.ts';

/** How many records at the end of the trail are verified before anything is appended. */
export const TAIL_CHECK_RECORDS = 500;

/** Verifies the last records, and that they end at the head. Null: they do. */
export async function verifyTail(
  run: Run,
  { base, head }: Pick<Head, 'base' | 'head'>,
): Promise<{ readonly seq: number; readonly reason: string } | null> {
  const after = Math.max(base.seq, head.seq - TAIL_CHECK_RECORDS);
  const rows = await run<{ line: string }>(`SELECT line FROM records WHERE seq > $1 ORDER BY seq`, after);
  const first = rows[0];
  // Empty when the line is no record: verifying it says so.
  const prev = first === undefined ? head.hash : parseObject(first.line)?.['prev'];
  const before = typeof prev === 'string' ? prev : '';
  const verdict = verifyChain(
    rows.map(({ line }) => line),
    { seq: after, hash: after === base.seq ? base.hash : before },
  );
  if (verdict.kind === 'broken') return { seq: verdict.seq, reason: verdict.reason };
  if (verdict.head.seq !== head.seq) return { seq: verdict.head.seq + 1, reason: 'out_of_sequence' };
  return verdict.head.hash === head.hash ? null : { seq: head.seq + 1, reason: 'wrong_prev' };
}
