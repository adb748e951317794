import type { PostgresPlace } from '../../../../config/reading/postgres-url.ts';
import { namedTextFileProblem, TextFileError } from '../../../../lib/text/text-file-error.ts';
import { readSecret, secretSource } from '../../secrets/secret-source.ts';
import { readText } from '../../text-file.ts';
import type { ConnectionsOptions } from './connections.ts';

/**
 * How the server of a ledger is reached: its place, the certificate authorities that vouch for it, and the password, which is
 * read for each new connection so that it can be rotated without a restart.
 */
export interface PostgresAccess {
  /** Null: Node's own authorities. */
  readonly caFile: string | null;
  /** Null: no password is sent. */
  readonly passwordFile: string | null;
}

/** A ledger in a server, as a command knows it. */
export interface ServerLedger {
  readonly kind: 'postgres';
  readonly place: PostgresPlace;
  readonly access: PostgresAccess;
  /** The setting or the option that names it; sentences begin with it. */
  readonly namedBy: string;
}

/** Rejects with a sentence for the operator when a file cannot be used. */
export async function accessTo(
  { host, port, database, user, tls }: PostgresPlace,
  { caFile, passwordFile }: PostgresAccess,
): Promise<Omit<ConnectionsOptions, 'maxConnections'>> {
  const source = secretSource('LEDGER_PASSWORD', { LEDGER_PASSWORD_FILE: passwordFile });
  // A line end behind it is of the editor that wrote the file.
  const password = async (): Promise<string | null> =>
    source === null ? null : (await readSecret(source)).replace(/\r?\n$/, '');
  await named('LEDGER_PASSWORD_FILE', password());
  const ca = caFile === null ? null : await named('LEDGER_CA_FILE', readText(caFile));
  if (ca !== null && !ca.includes('-----BEGIN CERTIFICATE-----'))
    throw new Error('LEDGER_CA_FILE names a file without a certificate in PEM form');
  return {
    ...{ host, port, database, user, password },
    // The certificate must be of this host, and its chain must lead to an authority.
    ssl: tls ? { rejectUnauthorized: true, minVersion: 'TLSv1.2', ...(ca === null ? {} : { ca }) } : false,
  };
}

async function named<T>(setting: string, read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (!(error instanceof TextFileError)) throw error;
    throw new Error(`${setting} ${namedTextFileProblem(error)}`, { cause: error });
  }
}
