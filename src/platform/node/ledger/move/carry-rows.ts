import { createHash } from 'node:crypto';
import type { Run } from '../../../../ledger/postgres/postgres-port.ts';
import type { SqlitePort } from '../../../../ledger/sqlite/sqlite-port.ts';
import type { CarriedTable } from './carried-tables.ts';

/**
 * Carries the rows of one table from a ledger file into a transaction on PostgreSQL, some rows at a time. Each side is
 * read in the order of its key, and gives a digest of all rows: equal digests say that every value is the same.
 */
export interface TableContent {
  readonly rows: number;
  readonly sha256: string;
}

type Row = Readonly<Record<string, string | number | null>>;
type Page = (after: Row | null) => Promise<readonly Row[]>;

/** A record has at most 650 kB. */
const ROWS_AT_A_TIME = 200;

/** `onRows` is called with how many rows were carried. */
export async function carryTable(
  table: CarriedTable,
  from: SqlitePort,
  { run, onRows }: { readonly run: Run; readonly onRows: (rows: number) => void },
): Promise<TableContent> {
  return await contentOf(table, pagesOfFile(table, from), async (rows) => {
    await insert(table, run, rows);
    onRows(rows.length);
  });
}

export async function fileContent(table: CarriedTable, from: SqlitePort): Promise<TableContent> {
  return await contentOf(table, pagesOfFile(table, from));
}

export async function serverContent(table: CarriedTable, run: Run): Promise<TableContent> {
  return await contentOf(table, (after) =>
    run<Row>(...(pageOf(table, after, (n, column) => `$${n}::${TYPES[table.columns[column] ?? 'text']}`) as [string])),
  );
}

const TYPES = { number: 'bigint', text: 'text' } as const;

function pagesOfFile(table: CarriedTable, sqlite: SqlitePort): Page {
  return async (after) => sqlite.run<Row>(...(pageOf(table, after, () => '?') as [string]));
}

/** The statement for the rows behind a row, and its parameters. */
function pageOf(
  { name, columns, key }: CarriedTable,
  after: Row | null,
  placeholder: (n: number, column: string) => string,
): readonly [string, ...(string | number | null)[]] {
  const behind =
    after === null
      ? ''
      : ` WHERE (${key.join(', ')}) > (${key.map((column, index) => placeholder(index + 1, column)).join(', ')})`;
  return [
    `SELECT ${Object.keys(columns).join(', ')} FROM ${name}${behind} ORDER BY ${key.join(', ')} LIMIT ${ROWS_AT_A_TIME}`,
    ...(after === null ? [] : key.map((column) => after[column] ?? null)),
  ];
}

async function contentOf(
  { columns }: CarriedTable,
  page: Page,
  onPage: (rows: readonly Row[]) => Promise<void> = async () => undefined,
): Promise<TableContent> {
  const names = Object.keys(columns);
  const hash = createHash('sha256');
  let rows = 0;
  for (let last: Row | null = null; ;) {
    const found: readonly Row[] = await page(last);
    const end = found.at(-1);
    if (end === undefined) return { rows, sha256: hash.digest('hex') };
    for (const row of found) hash.update(`${JSON.stringify(names.map((name) => row[name]))}\n`);
    await onPage(found);
    rows += found.length;
    last = end;
  }
}

async function insert({ name, columns }: CarriedTable, run: Run, rows: readonly Row[]): Promise<void> {
  const entries = Object.entries(columns);
  const values = entries.map(([column, type]) =>
    type === 'number'
      ? rows.map((row) => row[column] as number | null)
      : rows.map((row) => row[column] as string | null),
  );
  await run(
    `INSERT INTO ${name} (${entries.map(([column]) => column).join(', ')})
     SELECT * FROM unnest(${entries.map(([, type], index) => `$${index + 1}::${TYPES[type]}[]`).join(', ')})`,
    ...values,
  );
}
