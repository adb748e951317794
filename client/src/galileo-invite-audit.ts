/** The entry `galileo-invite-client/audit`: what it exports, and nothing else. Its problems are those of the first entry. */
export type {
  AuditCounts,
  AuditCountsRequest,
  AuditRecord,
  AuditSearch,
  AuditStatus,
  InviteRequest,
  InviteRequestPage,
  Settlement,
} from './api-types.ts';
export { createAuditClient } from './audit-client.ts';
export type { AuditClient, FoundRecords } from './audit-client.ts';
export type { CallOptions, InviteClientOptions } from './calls/call-deps.ts';
export type { ListOptions } from './invite-client.ts';
