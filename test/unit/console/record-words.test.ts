import type { AuditRecord } from 'galileo-invite-client/audit';
import { expect, it } from 'vitest';
import { requestIdOf } from '../../../console/src/views/audit/record-words.ts';

/** The request that a record of the trail leads to: one that the service has a story of. */

const OWN = '019c0000-0001-7000-8000-000000000000';
const FIRST = '019c0000-0002-7000-8000-000000000000';

const record = (kind: string, outcome: object = {}): AuditRecord =>
  ({ kind, request_id: OWN, outcome }) as unknown as AuditRecord;

it.each(['intent', 'denial', 'outcome', 'reconciliation'])('of a record of kind %s is its own', (kind) => {
  expect(requestIdOf(record(kind))).toBe(OWN);
});

it('of a replay is the one whose answer was repeated', () => {
  expect(requestIdOf(record('replay', { first_request_id: FIRST }))).toBe(FIRST);
});

it.each(['dry_run', 'suppressed', 'change', 'read'])('of a record of kind %s is none', (kind) => {
  expect(requestIdOf(record(kind))).toBeNull();
});
