import { DatabaseSync } from 'node:sqlite';
import { chainRecord, GENESIS_HASH } from '../../../../src/audit/chain.ts';
import { createNodeSqlite } from '../../../../src/platform/node/ledger/sqlite.ts';
import { TEST_TIME_MS, testUuid7 } from '../../../support/clock.ts';
import { ANN, recordDraft } from '../../../support/ledger/ledger.ts';
import { FIRST_SCHEMA } from './first-schema.ts';

export const [OPEN, UNKNOWN, ACCEPTED] = [testUuid7(1), testUuid7(2), testUuid7(3)] as const;

/** A ledger as the first release wrote it: five records, two of them acknowledged by `stdout`. */
export function firstRelease(clockMs = TEST_TIME_MS) {
  const sqlite = createNodeSqlite(new DatabaseSync(':memory:'));
  for (const statement of FIRST_SCHEMA) sqlite.run(statement);
  const drafts = [
    recordDraft('intent', OPEN),
    recordDraft('intent', UNKNOWN),
    recordDraft('intent', ACCEPTED),
    recordDraft('outcome', UNKNOWN, { result: 'unknown' }),
    recordDraft('outcome', ACCEPTED),
  ];
  let prev = GENESIS_HASH;
  for (const [index, draft] of drafts.entries()) {
    const place = { seq: index + 1, id: testUuid7(500 + index), time: new Date(clockMs).toISOString(), prev };
    const { line, hash } = chainRecord(draft, place);
    sqlite.run(`INSERT INTO records (seq, line) VALUES (?, ?)`, place.seq, line);
    prev = hash;
  }
  sqlite.run(`UPDATE head SET seq = 5, hash = ?, clock_ms = ?`, prev, clockMs);
  sqlite.run(`INSERT INTO cursors (sink, seq) VALUES ('stdout', 2)`);
  const request = (id: string, state: string, decidedSeq: number, outcomeSeq: number | null) =>
    sqlite.run(
      `INSERT INTO requests (request_id, issuer, client_id, subject, state, admitted_at, expires_at, settled_at, settled_by,
         decided_seq, outcome_seq, key_scope, debits) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, '[]')`,
      ...[id, ANN.issuer, ANN.clientId, ANN.subject, state, clockMs, clockMs + 45_000],
      ...(outcomeSeq === null ? [null, null] : [clockMs, 'exchange']),
      ...[decidedSeq, outcomeSeq],
    );
  request(OPEN, 'open', 1, null);
  request(UNKNOWN, 'unknown', 2, 4);
  request(ACCEPTED, 'accepted', 3, 5);
  return sqlite;
}
