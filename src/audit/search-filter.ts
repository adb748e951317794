/**
 * Turns the members of a search (search-request.ts) into the filter of the ledger. Pure. An address is brought into the form
 * that is recorded (AUDIT_EMAILS), unless it is in the HMAC form already. POST /audit/search and `audit search` both use it.
 */
import { isHmacForm } from './record-address.ts';
import type { RecordAddress } from './record-address.ts';
import type { AuditSearch } from './search-request.ts';
import type { SearchFilter } from './search.ts';

export function searchFilter(search: Omit<AuditSearch, 'after' | 'limit'>, recordAddress: RecordAddress): SearchFilter {
  const {
    request_id: requestId,
    trace_id: traceId,
    subject,
    client_id: clientId,
    email,
    kind,
    outcome,
    rule,
    from,
    to,
  } = search;
  return {
    ...(requestId === undefined ? {} : { requestId }),
    ...(traceId === undefined ? {} : { traceId }),
    ...(subject === undefined ? {} : { subject }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(email === undefined ? {} : { email: isHmacForm(email) ? email : recordAddress(email) }),
    ...(kind === undefined ? {} : { kind }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(rule === undefined ? {} : { rule }),
    ...(from === undefined ? {} : { fromMs: Date.parse(from) }),
    ...(to === undefined ? {} : { toMs: Date.parse(to) }),
  };
}
