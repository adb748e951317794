import { takeEntries } from './page.ts';
import type {
  Admission,
  Ending,
  ListQuery,
  Owner,
  RequestEntry,
  RequestPage,
  RequestState,
  Settlement,
} from './port.ts';
import type { Journal } from './journal.ts';
import type { Debit } from './quota.ts';
import type { SqlitePort } from './sqlite-port.ts';

/**
 * One row per decided request: whose it is, how it stands, and where in the trail its records are.
 * The records themselves live in the journal only. A row changes state at most twice: when it is
 * settled, and once more when the exchange settles what the sweep had called unknown.
 */
export interface Requests {
  insert(row: NewRequest): void;
  get(requestId: string): RequestRow | null;
  settle(requestId: string, settled: { ending: Ending; by: Settlement['by']; at: number; outcomeSeq: number }): void;
  find(requestId: string, owner: Owner | null): RequestEntry | null;
  list(query: ListQuery): RequestPage;
  /** Ids and intents of open requests whose time is over, oldest first. */
  expired(now: number, limit: number): readonly { requestId: string; intentSeq: number }[];
}

export interface NewRequest {
  readonly admission: Admission;
  readonly state: 'open' | 'denied';
  readonly admittedAt: number;
  readonly expiresAt: number | null;
  readonly decidedSeq: number;
  readonly keyScope: string | null;
  /** What a refund would return. */
  readonly debits: readonly Debit[];
}

export interface RequestRow {
  readonly state: RequestState;
  readonly expiresAt: number | null;
  readonly settledBy: Settlement['by'] | null;
  readonly keyScope: string | null;
  readonly debits: readonly Debit[];
}

type StoredRow = {
  request_id: string;
  issuer: string;
  client_id: string;
  subject: string;
  state: RequestState;
  admitted_at: number;
  expires_at: number | null;
  settled_at: number | null;
  settled_by: Settlement['by'] | null;
  decided_seq: number;
  outcome_seq: number | null;
  key_scope: string | null;
  debits: string;
};

const OWNED = `issuer = ? AND client_id = ? AND subject = ?`;

export function createRequests(sqlite: SqlitePort, journal: Journal): Requests {
  function entryOf(row: StoredRow): RequestEntry {
    return {
      requestId: row.request_id,
      owner: { issuer: row.issuer, clientId: row.client_id, subject: row.subject },
      state: row.state,
      admittedAt: row.admitted_at,
      expiresAt: row.expires_at,
      settledAt: row.settled_at,
      decided: journal.draft(row.decided_seq),
      outcome: row.outcome_seq === null ? null : journal.draft(row.outcome_seq),
    };
  }

  function read(requestId: string): StoredRow | undefined {
    return sqlite.run<StoredRow>(`SELECT * FROM requests WHERE request_id = ?`, requestId)[0];
  }

  return {
    insert({ admission, state, admittedAt, expiresAt, decidedSeq, keyScope, debits }) {
      const { requestId, owner } = admission;
      sqlite.run(
        `INSERT INTO requests
           (request_id, issuer, client_id, subject, state, admitted_at, expires_at, decided_seq, key_scope, debits)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        requestId,
        owner.issuer,
        owner.clientId,
        owner.subject,
        state,
        admittedAt,
        expiresAt,
        decidedSeq,
        keyScope,
        JSON.stringify(debits),
      );
    },
    get(requestId) {
      const row = read(requestId);
      if (row === undefined) return null;
      return {
        state: row.state,
        expiresAt: row.expires_at,
        settledBy: row.settled_by,
        keyScope: row.key_scope,
        debits: JSON.parse(row.debits) as readonly Debit[],
      };
    },
    settle(requestId, { ending, by, at, outcomeSeq }) {
      // What the exchange said is final, so its debits will never be needed again.
      sqlite.run(
        `UPDATE requests SET state = ?, settled_by = ?, settled_at = ?, outcome_seq = ?,
           debits = CASE WHEN ? = 'exchange' THEN '[]' ELSE debits END
         WHERE request_id = ?`,
        ending,
        by,
        at,
        outcomeSeq,
        by,
        requestId,
      );
    },
    find(requestId, owner) {
      const row = read(requestId);
      return row === undefined || (owner !== null && !belongsTo(row, owner)) ? null : entryOf(row);
    },
    list({ owner, before, limit }) {
      const conditions = [...(owner === null ? [] : [OWNED]), ...(before === null ? [] : [`request_id < ?`])];
      const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
      const params = [
        ...(owner === null ? [] : [owner.issuer, owner.clientId, owner.subject]),
        ...(before === null ? [] : [before]),
      ];
      const rows = sqlite.run<StoredRow>(
        `SELECT * FROM requests ${where} ORDER BY request_id DESC LIMIT ?`,
        ...params,
        Math.max(0, limit) + 1,
      );
      // Lazily, so that the records of what does not fit on the page are not read.
      const entries = takeEntries(
        Iterator.from(rows).map((row) => entryOf(row)),
        limit,
      );
      return { entries, next: entries.length < rows.length ? (entries.at(-1)?.requestId ?? null) : null };
    },
    expired(now, limit) {
      return sqlite
        .run<{ request_id: string; decided_seq: number }>(
          `SELECT request_id, decided_seq FROM requests WHERE state = 'open' AND expires_at <= ? ORDER BY expires_at, decided_seq LIMIT ?`,
          now,
          Math.max(0, limit),
        )
        .map((row) => ({ requestId: row.request_id, intentSeq: row.decided_seq }));
    },
  };
}

function belongsTo(row: StoredRow, owner: Owner): boolean {
  return row.issuer === owner.issuer && row.client_id === owner.clientId && row.subject === owner.subject;
}
