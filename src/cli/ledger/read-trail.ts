/**
 * Reads the records of a SQLite ledger line by line. It opens the file read-only, beside a service that may be running,
 * in short reads, so that the service can checkpoint its write-ahead log between two of them. Writes and creates
 * nothing.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

const PAGE = 500;

/** `inUse`: a running service holds the ledger. Throws what node:sqlite throws when the file cannot be read. */
export function* readTrail(path: string, { inUse }: { readonly inUse: boolean }): Generator<string, void> {
  const address = pathToFileURL(resolve(path));
  // Without a log and a running service nothing changes: then SQLite need not create its shared memory beside the file.
  if (!inUse && !existsSync(`${resolve(path)}-wal`)) address.searchParams.set('immutable', '1');
  const database = new DatabaseSync(address, { readOnly: true, timeout: 1000 });
  try {
    const page = database.prepare('SELECT seq, line FROM records WHERE seq > ? ORDER BY seq LIMIT ?');
    for (let after = 0; ;) {
      const rows = page.all(after, PAGE);
      for (const { line } of rows) yield String(line);
      const last = rows.at(-1);
      if (last === undefined) return;
      after = Number(last['seq']);
    }
  } finally {
    database.close();
  }
}
