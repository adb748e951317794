import type { Run } from '../postgres-port.ts';

/**
 * Whether the indexes of the ledger find what the tables hold. The service reads through them: an index that was dropped,
 * changed or emptied would hide open requests from the sweep, or let an idempotency key be used twice. Runs in a
 * transaction of its caller.
 */
interface ExpectedIndex {
  readonly table: string;
  /** In order; the first one is compared. */
  readonly columns: string;
  readonly isUnique: boolean;
  /** The rows that it holds; null: all. */
  readonly state: 'open' | 'unknown' | null;
}

/** As schema.ts creates them. Of the records there is none here: a record is found by its number, and verified by its text. */
const EXPECTED: Readonly<Record<string, ExpectedIndex>> = {
  requests_pkey: { table: 'requests', columns: 'request_id', isUnique: true, state: null },
  requests_by_owner: { table: 'requests', columns: 'owner, request_id', isUnique: false, state: null },
  requests_by_decided: { table: 'requests', columns: 'decided_seq', isUnique: false, state: null },
  requests_open: { table: 'requests', columns: 'expires_at, decided_seq', isUnique: false, state: 'open' },
  requests_unsettled: { table: 'requests', columns: 'look_at, decided_seq', isUnique: false, state: 'unknown' },
  owners_pkey: { table: 'owners', columns: 'owner', isUnique: true, state: null },
  owners_issuer_client_id_subject_key: {
    table: 'owners',
    columns: 'issuer, client_id, subject',
    isUnique: true,
    state: null,
  },
  keys_pkey: { table: 'keys', columns: 'scope', isUnique: true, state: null },
  replies_pkey: { table: 'replies', columns: 'seq', isUnique: true, state: null },
  counters_pkey: {
    table: 'counters',
    columns: 'window_end, window_ms, quota, unit, counter',
    isUnique: true,
    state: null,
  },
  further_records_pkey: {
    table: 'further_records',
    columns: 'request_id, is_replay, seq',
    isUnique: true,
    state: null,
  },
  checkpoints_pkey: { table: 'checkpoints', columns: 'count', isUnique: true, state: null },
  checkpoints_position_key: { table: 'checkpoints', columns: 'position', isUnique: true, state: null },
};

export async function areIndexesSound(run: Run, schema: string): Promise<boolean> {
  const found = new Map((await readIndexes(run, schema)).map((index) => [index.name, index]));
  for (const [name, expected] of Object.entries(EXPECTED)) {
    if (!isAsExpected(found.get(name), expected)) return false;
    // Those of a state are found through their condition; the others through their first column.
    const where = conditionOf(expected);
    const count = `SELECT count(*) AS n FROM ${expected.table} WHERE ${where}`;
    if ((await countWithIndexes(run, count)) !== (await countWithoutIndexes(run, count))) return false;
  }
  return true;
}

function conditionOf({ columns, state }: ExpectedIndex): string {
  if (state !== null) return `state = '${state}'`;
  const first = columns.split(', ')[0] ?? '';
  return NUMBERS.has(first) ? `${first} >= -9223372036854775808` : `${first} >= ''`;
}
const NUMBERS: ReadonlySet<string> = new Set(['owner', 'decided_seq', 'seq', 'window_end', 'count', 'position']);

type IndexRow = {
  name: string;
  table: string;
  columns: string;
  predicate: string | null;
  is_unique: boolean;
  is_kept: boolean;
};

function readIndexes(run: Run, schema: string): Promise<readonly IndexRow[]> {
  return run<IndexRow>(
    `SELECT of_index.relname AS name, of_table.relname AS "table", indisunique AS is_unique,
       indisvalid AND indisready AND indislive AS is_kept, pg_get_expr(indpred, indrelid) AS predicate,
       (SELECT string_agg(pg_get_indexdef(indexrelid, n, true), ', ' ORDER BY n) FROM generate_series(1, indnkeyatts::int) AS n)
         AS columns
     FROM pg_index JOIN pg_class AS of_index ON of_index.oid = indexrelid JOIN pg_class AS of_table ON of_table.oid = indrelid
       JOIN pg_namespace ON pg_namespace.oid = of_table.relnamespace
     WHERE nspname = $1`,
    schema,
  );
}

function isAsExpected(index: IndexRow | undefined, { table, columns, isUnique, state }: ExpectedIndex): boolean {
  return (
    index !== undefined &&
    index.is_kept &&
    index.table === table &&
    index.is_unique === isUnique &&
    // The server writes a name in quotes where it is also a word of SQL, and with quote_all_identifiers always.
    index.columns.replaceAll('"', '') === columns &&
    (index.predicate?.replaceAll('"', '') ?? null) === (state === null ? null : `(state = '${state}'::text)`)
  );
}

/** Both for the rest of the transaction; the one that ran last counts. */
const PLANNER = {
  tables: { seqscan: 'on', indexscan: 'off', indexonlyscan: 'off', bitmapscan: 'off' },
  indexes: { seqscan: 'off', indexscan: 'on', indexonlyscan: 'on', bitmapscan: 'off' },
  both: { seqscan: 'on', indexscan: 'on', indexonlyscan: 'on', bitmapscan: 'on' },
} as const;

/** The number in the column `n` of a statement that reads whole tables. */
export function countWithoutIndexes(run: Run, count: string): Promise<number> {
  return countBy(run, count, 'tables');
}

function countWithIndexes(run: Run, count: string): Promise<number> {
  return countBy(run, count, 'indexes');
}

async function countBy(run: Run, count: string, means: 'tables' | 'indexes'): Promise<number> {
  const [, [row]] = await Promise.all([plan(run, means), run<{ n: number }>(count), plan(run, 'both')]);
  return row?.n ?? 0;
}

function plan(run: Run, means: keyof typeof PLANNER): Promise<unknown> {
  const settings = Object.entries(PLANNER[means]).map(
    ([name, value]) => `set_config('enable_${name}', '${value}', true)`,
  );
  return run(`SELECT ${settings.join(', ')}`);
}
