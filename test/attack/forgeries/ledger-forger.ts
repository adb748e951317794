import type { DatabaseSync } from 'node:sqlite';
import { positionOf } from '../../../src/audit/delivery/outbox-position.ts';
import { checkpointLine } from '../../../src/audit/checkpoint/checkpoint.ts';
import { GENESIS_HASH } from '../../../src/audit/chain.ts';
import type { CheckpointSigner } from '../../../src/audit/checkpoint/checkpoint.ts';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import { sha256Hex } from '../../../src/lib/sha256.ts';
import { testUuid7 } from '../../support/clock.ts';
import type { HonestTrail } from './honest-trail.ts';

/**
 * An attacker with SQLite, every byte of the ledger file, and this source code: what they write has the right form, and
 * hashes, counts and cursors fit wherever they care to make them fit. They have no signing key; a row that gives them
 * one says so.
 */
export interface LedgerForger {
  readonly honest: HonestTrail;
  /** The ledger file, a copy of the honest one. */
  readonly path: string;
  readonly database: DatabaseSync;
  sql(statement: string, ...params: readonly (string | number | null)[]): void;
  line(seq: number): string;
  record(seq: number): Json;
  /** Writes the record's text; its hash stays as the record says. */
  write(seq: number, record: Json | string): void;
  /** Changes a record. Its hash stays as it was. */
  edit(seq: number, change?: (record: Json) => Json): void;
  /** Computes the hash of one record again. */
  seal(seq: number): void;
  /** Computes every link and hash again from this record to the end, and makes the head fit. */
  sealFrom(seq: number): void;
  /** Removes the checkpoints behind this record. */
  dropCheckpointsAfter(seq: number): void;
  /** Makes the checkpoints at these records anew, each behind the one before. */
  checkpointAgain(counts: readonly number[], signer: CheckpointSigner | null): Promise<void>;
  /** Cuts the trail behind this record, and makes the head, the requests, the keys and the cursors fit. */
  cutAfter(seq: number): void;
}

export type Json = Record<string, unknown>;

/** Another person was invited. */
export function inviteAnother(record: Json): Json {
  const request = record['request'] as Json;
  return { ...record, request: { ...request, emails: ['mallory@acme.com'] } };
}

export function createLedgerForger(honest: HonestTrail, path: string, database: DatabaseSync): LedgerForger {
  const run = (statement: string, ...params: readonly (string | number | null)[]): void =>
    void database.prepare(statement).run(...params);
  const one = (statement: string, ...params: readonly number[]): Json | undefined =>
    database.prepare(statement).get(...params);
  const line = (seq: number): string => String(one('SELECT line FROM records WHERE seq = ?', seq)?.['line']);
  const record = (seq: number): Json => JSON.parse(line(seq)) as Json;
  const last = (): number => Number(one('SELECT max(seq) AS seq FROM records')?.['seq']);
  const hashAt = (seq: number): string => (seq === 0 ? GENESIS_HASH : String(record(seq)['hash']));

  function write(seq: number, value: Json | string): void {
    run('UPDATE records SET line = ? WHERE seq = ?', typeof value === 'string' ? value : canonicalJson(value), seq);
  }

  function seal(seq: number, changes: Json = {}): void {
    const sealed: Json = { ...record(seq), ...changes, hash: undefined };
    write(seq, { ...sealed, hash: sha256Hex(canonicalJson(sealed)) });
  }

  function fitHead(): void {
    const end = last();
    run('UPDATE head SET seq = ?, hash = ?', end, hashAt(end));
  }

  return {
    honest,
    path,
    database,
    sql: run,
    line,
    record,
    write,
    edit: (seq, change = inviteAnother) => write(seq, change(record(seq))),
    seal: (seq) => seal(seq),
    sealFrom(seq) {
      for (let at = seq; at <= last(); at += 1) seal(at, { seq: at, prev: hashAt(at - 1) });
      fitHead();
    },
    dropCheckpointsAfter: (seq) => run('DELETE FROM checkpoints WHERE count > ?', seq),
    async checkpointAgain(counts, signer) {
      for (const count of counts) {
        const before = one('SELECT line FROM checkpoints WHERE count < ? ORDER BY count DESC LIMIT 1', count);
        const time = String(record(count)['time']);
        const previous = before === undefined ? null : sha256Hex(String(before['line']));
        const statement = { id: testUuid7(800_000 + count), time, count, head: hashAt(count), previous };
        run(
          'INSERT OR REPLACE INTO checkpoints (count, position, made_at, line, stored_at) VALUES (?, ?, ?, ?, ?)',
          count,
          positionOf(count) + 1,
          Date.parse(time),
          await checkpointLine(statement, signer),
          Date.parse(time),
        );
      }
    },
    cutAfter(seq) {
      run('DELETE FROM records WHERE seq > ?', seq);
      run('DELETE FROM checkpoints WHERE count > ?', seq);
      run('DELETE FROM keys WHERE request_id IN (SELECT request_id FROM requests WHERE decided_seq > ?)', seq);
      run('DELETE FROM replies WHERE seq > ?', seq);
      run('DELETE FROM requests WHERE decided_seq > ?', seq);
      // The one request that was settled later than it became unknown.
      run(
        `UPDATE requests SET state = 'unknown', outcome_seq = 9, settled_by = 'exchange' WHERE outcome_seq = 27 AND 27 > ?`,
        seq,
      );
      run(
        `UPDATE replies SET keep_until = NULL, reply = json_set(reply, '$.status', 504)
         WHERE seq = (SELECT decided_seq FROM requests WHERE outcome_seq = 9)`,
      );
      run('UPDATE cursors SET position = ? WHERE position > ?', positionOf(seq), positionOf(seq));
      run('DELETE FROM clock_steps WHERE seq > ?', seq);
      fitHead();
    },
  };
}
