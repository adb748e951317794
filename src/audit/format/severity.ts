import type { RecordOutcome } from '../record.ts';
import type { ItemFacts } from './item-facts.ts';

/** How severe an item is, in the names of OpenTelemetry's logs model. Pure. */
export type Severity = 'INFO' | 'WARN' | 'ERROR';

/** A refusal is a warning. What a person must look into is an error: an unknown outcome, a damaged or a refused record. */
const SEVERITY_OF_RESULT: Readonly<Record<RecordOutcome['result'], Severity>> = {
  admitted: 'INFO',
  accepted: 'INFO',
  replayed: 'INFO',
  previewed: 'INFO',
  denied: 'WARN',
  refused: 'WARN',
  not_sent: 'WARN',
  unknown: 'ERROR',
};

export function severityOf({ kind, request }: ItemFacts): Severity {
  if (kind === 'unreadable' || kind === 'not_taken') return 'ERROR';
  if (kind === 'suppressed') return 'WARN';
  return request === null ? 'INFO' : SEVERITY_OF_RESULT[request.result];
}
