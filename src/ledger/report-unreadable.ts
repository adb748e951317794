import { RECORD_DAMAGES } from '../audit/stored-record.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';

/**
 * Counts and logs stored values that cannot be read, alike on every platform. Each read that meets one adds one to
 * `ledger_unreadable`. Each value is logged once per process, up to MAX_LOGGED values. Neither contains the value
 * itself.
 */
export type UnreadableValue = Damage & {
  /** The number of the damaged record. */
  readonly seq?: number;
  /** The request that the value belongs to; left out when its id is the damaged value. */
  readonly requestId?: string;
};

/** What can be found wrong with each stored part. `refuted`: it can be read, and the records prove another value. */
export const DAMAGES = {
  record: RECORD_DAMAGES,
  reply: ['other_shape'],
  debits: ['other_shape'],
  state: ['other_shape', 'refuted'],
  request_id: ['other_shape'],
  suppressed: ['other_shape'],
  reads: ['other_shape'],
} as const;

type Damage = {
  [Part in keyof typeof DAMAGES]: { readonly part: Part; readonly reason: (typeof DAMAGES)[Part][number] };
}[keyof typeof DAMAGES];

export type ReportUnreadable = (value: UnreadableValue) => void;

/** Bounds the log and the memory when a whole ledger is damaged. The counter includes every read. */
const MAX_LOGGED = 1_000;

export function createUnreadableReport({
  logger,
  metrics,
}: {
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'count'>;
}): ReportUnreadable {
  const logged = new Set<string>();
  return function reportUnreadable({ part, reason, seq, requestId }) {
    metrics.count('ledger_unreadable', { part, reason });
    const id = `${part} ${reason} ${seq ?? requestId ?? ''}`;
    if (logged.has(id) || logged.size >= MAX_LOGGED) return;
    logged.add(id);
    logger.error('ledger_value_unreadable', { part, reason, seq, request_id: requestId });
  };
}
