import type { Settlement } from '../../port.ts';
import type { RequestRow } from './requests.ts';

/** Which settlement applies in which state. See Settlement in the port. */
export function maySettle(row: RequestRow, by: Settlement['by'], now: number): boolean {
  switch (by) {
    case 'exchange':
      return row.state === 'open' || (row.state === 'unknown' && row.settledBy === 'sweep');
    case 'sweep':
      return row.state === 'open' && row.expiresAt !== null && row.expiresAt <= now;
    case 'reconciliation':
    case 'person':
      return row.state === 'unknown';
    default:
      return by satisfies never;
  }
}
