import type { PostgresPlace } from '../../../../config/reading/postgres-url.ts';
import { LateLedgerError, PostgresError, UnfitDatabaseError } from '../../../../ledger/postgres/postgres-port.ts';
import { DamagedNumberError, UnconfirmedCommitError } from './connections.ts';
import { namedTextFileProblem, TextFileError } from '../../../../lib/text/text-file-error.ts';
import { thrownCode, thrownName } from '../../../../lib/thrown.ts';

/**
 * Why a ledger in PostgreSQL cannot be used, as the second half of a sentence. Known codes have a sentence of their own; a
 * message of the server is never quoted, because it may hold data.
 */
const OTHER_CONSTRAINT = 'names a schema with a constraint that this program did not make, or with a damaged table';
const BY_SQL_STATE: Readonly<Record<string, string>> = {
  '28P01': 'names a user whose password the server refuses: check LEDGER_PASSWORD_FILE',
  '28000': 'names a user that the server does not let in (pg_hba.conf, or its client needs TLS)',
  '3D000': 'names a database that is not there: create it, owned by the user of the ledger',
  '3F000': 'names a schema that is not there, and the user may not create it',
  '42501':
    'names a user without the privileges: it must own its schema and the tables in it, or may create a schema in the database',
  '08P01': 'names a pooler that refused or ended the connection: its log says why (PgBouncer: not in statement mode)',
  '23502': OTHER_CONSTRAINT,
  '23503': OTHER_CONSTRAINT,
  '23514': OTHER_CONSTRAINT,
  '53100': 'names a server whose disk is full',
  '53200': 'names a server that has no memory left',
  '53300':
    'names a server that has no connection left (max_connections, or CONNECTION LIMIT of the user or the database)',
  '57P01': 'names a server that ended the connection',
  '57P02': 'names a server that ended the connection',
  '57P05': 'names a server that ended the connection',
  '57P03': 'names a server that is starting up or shutting down',
  '25006': 'names a server that is a standby or read-only: the ledger needs the primary',
  '0A000': 'names a server that is a standby or read-only: the ledger needs the primary',
  '55P03': 'names a ledger that another transaction keeps locked',
  '57014': 'names a server that ended a statement which took too long (statement_timeout, or a person ended it)',
  '25P03': 'names a server that ended the transaction because it was idle too long: was the command stopped?',
  '25P04': 'names a server that ends transactions after a time (transaction_timeout): raise it for this user',
  '40001':
    'names a standby that ended the transaction to keep up (max_standby_streaming_delay): read the primary, or try again',
  '42P01':
    'names a schema that lacks a table of the ledger, or that the user may not use (GRANT USAGE): somebody changed it, or restored a dump as another user or in part',
  '42P07': 'names a schema with a table that is not of the ledger: give the ledger a schema of its own (?schema=)',
  '42703': 'names a schema whose tables lack a column of the ledger: somebody changed it',
};

const BY_SYSTEM_CODE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'names a server that refuses connections: it is not running there, or another port',
  ENOTFOUND: 'names a host that DNS does not know',
  EAI_AGAIN: 'names a host that DNS does not answer for',
  ETIMEDOUT: 'names a server that does not answer',
  EHOSTUNREACH: 'names a server that cannot be reached',
  ENETUNREACH: 'names a server that cannot be reached',
  ENOENT: 'names a socket that is not there',
  EACCES: 'names a socket that this user may not use',
  ECONNRESET: 'names a server that ended the connection',
  EPIPE: 'names a server that ended the connection',
  SELF_SIGNED_CERT_IN_CHAIN: 'names a server whose certificate no known authority vouches for: give LEDGER_CA_FILE',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'names a server with a certificate of its own: give LEDGER_CA_FILE',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'names a server whose certificate no known authority vouches for: give LEDGER_CA_FILE',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'names a server whose certificate no known authority vouches for: give LEDGER_CA_FILE',
  // An authority of the same name, with another key.
  CERT_SIGNATURE_FAILURE: 'names a server whose certificate no known authority vouches for: give LEDGER_CA_FILE',
  CERT_NOT_YET_VALID: 'names a server whose certificate is not valid yet: compare the clocks',
  CERT_HAS_EXPIRED: 'names a server whose certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'names a host that the certificate of the server is not for',
};

export function failureSentence(error: unknown, { tls }: Pick<PostgresPlace, 'tls'>): string {
  if (error instanceof UnfitDatabaseError) return `cannot be used: ${error.message}`;
  if (error instanceof LateLedgerError) return 'names a server that does not answer in time';
  const cause = error instanceof PostgresError ? error.cause : error;
  if (cause instanceof DamagedNumberError) return 'is damaged: it holds a number that this program never writes';
  if (cause instanceof UnconfirmedCommitError)
    return 'names a server on which somebody ended the wait of a commit for a synchronous standby: let it wait, or see to the standby';
  const state = error instanceof PostgresError ? error.sqlState : null;
  if (state !== null) return BY_SQL_STATE[state] ?? `names a server that refused the ledger (SQLSTATE ${state})`;
  if (cause instanceof TextFileError)
    return `names a server that wants a password, and LEDGER_PASSWORD_FILE ${namedTextFileProblem(cause)}`;
  const code = thrownCode(cause);
  const known = code === null ? undefined : BY_SYSTEM_CODE[code];
  if (known !== undefined) return known;
  const message = cause instanceof Error ? cause.message : '';
  if (tls && message.includes('does not support SSL'))
    return 'names a server without TLS: turn it on there, or write sslmode=disable where the network is yours alone';
  // What `pg` says when there is none to answer the server's question with.
  if (message.includes('password must be'))
    return 'names a user for whom the server wants a password: give LEDGER_PASSWORD_FILE';
  if (message.includes('timeout')) return 'names a server that does not answer in time';
  if (message.includes('terminated unexpectedly')) return 'names a server that ended the connection';
  if (error instanceof PostgresError) return `cannot be reached (${code ?? thrownName(cause)})`;
  return error instanceof Error ? `cannot be used: ${error.message}` : 'cannot be used';
}
