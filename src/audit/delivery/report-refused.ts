import type { Logger } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { OnRefused } from './write-around.ts';

/**
 * Reports each item that a destination refused for its content: one log line with its place, and one count. It happens
 * once an item, because the sink goes on behind it.
 */
export interface RefusalDeps {
  readonly logger: Pick<Logger, 'error'>;
  readonly metrics: Pick<Metrics, 'count'>;
}

export function reportRefused(sink: string, { logger, metrics }: RefusalDeps): OnRefused {
  return ({ facts: { id, kind, seq } }, reason) => {
    metrics.count('audit_items_refused', { sink, reason });
    logger.error('audit_item_refused', { sink, reason, kind, seq, id });
  };
}
