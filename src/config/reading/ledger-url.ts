import * as z from 'zod';
import { pathFault } from '../setting-row.ts';
import { readPostgresUrl } from './postgres-url.ts';
import type { PostgresPlace } from './postgres-url.ts';

/**
 * The parser of LEDGER_URL: `sqlite:` and any path, or a URL of PostgreSQL (postgres-url.ts). Forms of other programs that name another place here than there are
 * refused, because a ledger in the wrong place starts empty. `sqlite:///x` has the path `/x`, as in a URL; what follows
 * `sqlite://` alone would be a host. No problem quotes the value.
 */
export const DEFAULT_LEDGER_PATH = './data/ledger.db';

export type LedgerPlace = { readonly kind: 'sqlite'; readonly path: string } | PostgresPlace;

export const ledgerUrl = z.string().transform((value, context): LedgerPlace => {
  if (/^postgres(?:ql)?:/i.test(value)) {
    const read = readPostgresUrl(value);
    if (typeof read !== 'string') return read;
    context.addIssue({ code: 'custom', message: read });
    return z.NEVER;
  }
  const rest = /^sqlite:(.+)$/is.exec(value)?.[1]?.replace(/^\/{3,}/, '/');
  const problem = rest === undefined ? ledgerSchemeFault(value) : ledgerPathFault(rest);
  if (rest !== undefined && problem === null) return { kind: 'sqlite' as const, path: rest };
  context.addIssue({ code: 'custom', message: problem ?? FORMS });
  return z.NEVER;
});

const FORMS = 'must be sqlite: and a path, or postgres:// and a database';

function ledgerSchemeFault(value: string): string {
  const isPath = /^[./~]|^(?:file|sqlite3|jdbc:sqlite):|^[a-z]:[\\/]|\.(?:db|sqlite3?)$/i.test(value);
  return isPath ? `must be sqlite: and a path, such as sqlite:${DEFAULT_LEDGER_PATH}` : FORMS;
}

function ledgerPathFault(rest: string): string | null {
  if (/^\s/.test(rest)) return 'has a blank behind sqlite:, which would belong to the path: remove it';
  if (/^["'`]/.test(rest)) return 'has quotes around its path, which would belong to it: remove them';
  if (rest.startsWith('//'))
    return 'has a host behind sqlite://; write sqlite:/absolute/path or sqlite:./relative/path';
  if (/^:?memory:?$|^\/?:memory:/.test(rest)) return 'must name a file: what is in memory ends with the service';
  if (/[?;][\w-]+=/.test(rest)) return 'has parameters behind its path, which are not read here: remove them';
  if (/\.(?:db|sqlite3?)#/i.test(rest)) return 'has a fragment (#) behind its path, which is not read here: remove it';
  return rest.endsWith('/') ? 'must name a file, and not the folder for it' : pathFault(rest);
}
