/**
 * The audit record: who asked for what, under which policy, and what came of it. Its members, and what they mean, are in
 * contract/audit-record; docs/audit.md describes every field. A draft is what the use case knows; the ledger adds
 * `seq`, `id`, `time`, `prev` and `hash` inside the transaction that makes it durable.
 */
import type * as z from 'zod';
import type { auditRecordSchema } from './audit-record.ts';

/** Nothing changes a record once it is built. */
type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: Immutable<T[K]> }
    : T;

export type AuditRecord = Immutable<z.output<typeof auditRecordSchema>>;

/** What the ledger adds. */
type Place = 'seq' | 'id' | 'time' | 'prev' | 'hash';

export type RecordDraft = Omit<AuditRecord, Place>;

export type RecordKind = AuditRecord['kind'];
export type RecordSource = AuditRecord['source'];
export type RecordDecision = AuditRecord['policy']['decisions'][number];
export type RecordOutcome = AuditRecord['outcome'];
export type RecordAttempt = NonNullable<RecordOutcome['attempts']>[number];
export type RecordEvidence = NonNullable<RecordOutcome['evidence']>;
export type RecordService = AuditRecord['service'];
