/** What an auditor looks for. It is sent in the body of a request, and stands in no address. Pure. */
import type { AuditSearch } from 'galileo-invite-client/audit';
import type { PeriodName } from './period.ts';

export interface Filters {
  readonly period: PeriodName;
  readonly kind: string;
  readonly outcome: string;
  readonly email: string;
  readonly subject: string;
  readonly client_id: string;
  readonly rule: string;
  readonly request_id: string;
}

export const NO_FILTERS: Filters = {
  ...{ period: 'week', kind: '', outcome: '', email: '', subject: '', client_id: '', rule: '', request_id: '' },
};

/** Without the period, and without what was left empty. */
export function searchOf(filters: Filters): Pick<AuditSearch, Exclude<keyof Filters, 'period'>> {
  return Object.fromEntries(
    Object.entries<string>({ ...filters })
      .map(([name, value]) => [name, value.trim()] as const)
      .filter(([name, value]) => name !== 'period' && value !== ''),
  );
}
