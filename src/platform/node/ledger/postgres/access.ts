import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { PostgresPlace } from '../../../../config/reading/postgres-url.ts';
import { namedTextFileProblem, TextFileError } from '../../../../lib/text/text-file-error.ts';
import { readSecret, secretSource } from '../../secrets/secret-source.ts';
import { readText } from '../../text-file.ts';
import type { ConnectionsOptions } from './connections.ts';

/**
 * How the server of a ledger is reached: its place, the certificate authorities that vouch for it, and the password. Both
 * files are read for each new connection, so that they can be rotated without a restart.
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
  let ca = caFile === null ? null : await named('LEDGER_CA_FILE', readText(caFile));
  if (ca !== null && !hasCertificate(ca))
    throw new Error('LEDGER_CA_FILE names a file without a certificate in PEM form');
  const ssl: TlsOptions = { rejectUnauthorized: true, minVersion: 'TLSv1.2' };
  // Read at each handshake.
  if (caFile !== null) Object.defineProperty(ssl, 'ca', { enumerable: true, get: () => ca });
  return {
    ...{ host, port, database, user, password },
    // The certificate must be of this host, and its chain must lead to an authority.
    ssl: tls ? ssl : false,
    async beforeConnect() {
      // An authority is renewed under a service that runs. A file that is being written, or is gone, leaves the one before.
      const text = caFile === null ? '' : await readText(caFile).catch(() => '');
      if (hasCertificate(text)) ca = text;
    },
  };
}

/** Whole ones only. */
function hasCertificate(text: string): boolean {
  const count = (mark: string): number => text.split(`-----${mark} CERTIFICATE-----`).length - 1;
  return count('BEGIN') > 0 && count('BEGIN') === count('END');
}

async function named<T>(setting: string, read: Promise<T>): Promise<T> {
  try {
    return await read;
  } catch (error) {
    if (!(error instanceof TextFileError)) throw error;
    throw new Error(`${setting} ${namedTextFileProblem(error)}`, { cause: error });
  }
}
