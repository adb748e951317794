import * as z from 'zod';
import { pathFault } from '../setting-row.ts';

/**
 * The parser of LEDGER_URL: `sqlite:` and any path. Forms of other programs that name another place here than there are
 * refused, because a ledger in the wrong place starts empty. `sqlite:///x` has the path `/x`, as in a URL; what follows
 * `sqlite://` alone would be a host. No problem quotes the value.
 */
export const ledgerUrl = z.string().transform((value, context) => {
  const rest = /^sqlite:(.+)$/is.exec(value)?.[1]?.replace(/^\/{3,}/, '/');
  const problem = rest === undefined ? ledgerSchemeFault(value) : ledgerPathFault(rest);
  if (rest !== undefined && problem === null) return { kind: 'sqlite' as const, path: rest };
  context.addIssue({ code: 'custom', message: problem ?? 'must be sqlite: and a path' });
  return z.NEVER;
});

function ledgerSchemeFault(value: string): string {
  const isPath = /^[./~]|^(?:file|sqlite3|jdbc:sqlite):|^[a-z]:[\\/]|\.(?:db|sqlite3?)$/i.test(value);
  return `must be sqlite: and a path${isPath ? ', such as sqlite:./data/ledger.db' : ''}`;
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
