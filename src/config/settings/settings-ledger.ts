/** The settings of the ledger: one row per key, as in config/schema.ts. */
import { DEFAULT_LEDGER_PATH, ledgerUrl } from '../reading/ledger-url.ts';
import type { SettingRow } from '../setting-row.ts';
import { path, wholeNumber } from '../setting-row.ts';

export const LEDGER_SETTINGS = {
  LEDGER_URL: {
    parse: ledgerUrl,
    holds: 'path',
    fallback: `sqlite:${DEFAULT_LEDGER_PATH}`,
    about:
      'Where the ledger lives: any path after `sqlite:`, one process per file; or `postgres://user@host/database` for several replicas, with `?schema=` (default `galileo_invite_ledger`) and `?sslmode=` (`verify-full`, the default off loopback, or `disable`).',
    example: 'sqlite:/var/lib/galileo-invite-proxy/ledger.db',
  },
  LEDGER_PASSWORD_FILE: {
    parse: path,
    holds: 'path',
    secretFile: true,
    about: 'File that holds the password for a ledger in PostgreSQL; read for each new connection.',
    example: '/run/secrets/ledger-password',
  },
  LEDGER_CA_FILE: {
    parse: path,
    holds: 'path',
    about:
      'File with the certificate authorities (PEM) of a ledger in PostgreSQL, in place of those of Node; read for each new connection.',
    example: '/etc/galileo-invite-proxy/ledger-ca.pem',
  },
  LEDGER_MIN_FREE_MB: {
    parse: wholeNumber(0, 100_000_000, 'mb'),
    fallback: '512',
    about:
      'While less is free on the disk of the ledger, refusals, replays and dry runs are only counted, so that the space is left for invites. 0: never. Not with PostgreSQL.',
    example: '512',
  },
} as const satisfies Record<string, SettingRow>;
