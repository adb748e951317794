/**
 * The ledger's periodic housekeeping. First it turns expired intents (records of requests that were about to be sent)
 * into outcomes `unknown`: a crash between sending and recording the outcome leaves such intents behind. The ledger's
 * clock decides expiry, and an outcome that arrives later replaces `unknown`. Then it writes the records of suppressed
 * requests and of reads, and deletes data past its retention. A failed step does not stop the next one. It makes no
 * request to Galileo.
 */
import type { Retention } from '../../ledger/background-steps.ts';
import type { Ledger } from '../../ledger/port.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import { answerOutcome } from '../answer.ts';
import { recordOutcome } from '../record.ts';

const BATCH = 100;
/** The most prunes per sweep. The next sweep continues a longer backlog. */
const MAX_PRUNES = 10;
/** Of records of suppressed requests, and of reads. The next sweep continues a longer backlog. */
const MAX_MINUTE_BATCHES = 10;

export interface SweepDeps {
  readonly ledger: Pick<Ledger, 'expired' | 'settle' | 'recordSuppressed' | 'recordReads' | 'prune'>;
  readonly delivery: { wake(): void };
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly retention: Retention;
}

/** Sweeps once. Resolves with the number of intents that became unknown. Rejects when the ledger fails. */
export async function sweep(deps: SweepDeps): Promise<number> {
  try {
    return await settleExpired(deps);
  } finally {
    await tidy(deps);
  }
}

async function settleExpired(deps: SweepDeps): Promise<number> {
  let swept = 0;
  const damaged = new Set<string>();
  for (;;) {
    // Damaged intents stay at the head of the queue, so each batch reaches beyond those that are known.
    const limit = BATCH + damaged.size;
    const expired = await deps.ledger.expired(limit);
    let changed = 0;
    let newlyDamaged = 0;
    for (const { requestId, intent } of expired) {
      if (intent === null) {
        if (!damaged.has(requestId)) newlyDamaged += 1;
        damaged.add(requestId);
        continue;
      }
      const outcome = {
        kind: 'unknown',
        reason: 'expired',
        upstreamStatus: null,
        attempts: [],
        addresses: [],
      } as const;
      const answer = answerOutcome(outcome, { requestId, traceId: intent.trace_id });
      const settled = await deps.ledger.settle({
        requestId,
        by: 'sweep',
        ending: 'unknown',
        reply: answer.reply,
        record: { ...intent, kind: 'outcome', outcome: { ...recordOutcome(outcome, answer), settled_by: 'sweep' } },
      });
      if (settled.kind === 'settled') {
        changed += 1;
        deps.metrics.count('invite_endings', { ending: 'unknown', reason: 'expired' });
        deps.logger.warn('intent_expired', { request_id: requestId, trace_id: intent.trace_id });
      }
    }
    swept += changed;
    // More intents may follow a full batch. A batch that changed nothing would only be read again.
    if (expired.length < limit || changed + newlyDamaged === 0) break;
  }
  // They stay open: without the intent there is no record to write.
  for (const requestId of damaged) deps.logger.error('intent_unreadable', { request_id: requestId });
  return swept;
}

async function tidy(deps: SweepDeps): Promise<void> {
  try {
    await recordSuppressed(deps);
  } finally {
    await recordReadsAndPrune(deps);
  }
}

async function recordReadsAndPrune(deps: SweepDeps): Promise<void> {
  try {
    await recordReads(deps);
  } finally {
    await prune(deps);
    // Also when nothing was swept: another process (the CLI) may have written to the ledger.
    deps.delivery.wake();
  }
}

async function recordReads({ ledger }: SweepDeps): Promise<void> {
  for (let times = 0; times < MAX_MINUTE_BATCHES; times += 1) {
    const { more } = await ledger.recordReads(BATCH);
    if (!more) return;
  }
}

async function recordSuppressed({ ledger, logger, metrics }: SweepDeps): Promise<void> {
  for (let times = 0; times < MAX_MINUTE_BATCHES; times += 1) {
    const { requests, more } = await ledger.recordSuppressed(BATCH);
    if (requests > 0) {
      metrics.count('audit_requests_suppressed', {}, requests);
      logger.warn('audit_requests_suppressed', { requests });
    }
    if (!more) return;
  }
}

async function prune({ ledger, logger, metrics, retention }: SweepDeps): Promise<void> {
  let records = 0;
  for (let times = 0; times < MAX_PRUNES; times += 1) {
    const pruned = await ledger.prune(retention);
    records += pruned.records;
    if (!pruned.more) break;
  }
  if (records === 0) return;
  metrics.count('audit_records_pruned', {}, records);
  logger.info('audit_records_pruned', { records });
}
