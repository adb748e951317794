import { SCHEMA_VERSION } from '../../../ledger/sqlite/schema.ts';
import type { LedgerFault } from '../../../platform/node/ledger/files/locate.ts';
import { shorten } from '../../../lib/text/invisible-text.ts';
import { printable } from '../../command-line/text.ts';
import type { Diagnosis } from '../check.ts';
import { failed, ok, warning } from '../check.ts';
import type { LedgerFacts } from '../ledger-facts.ts';
import { agreement, comparedIn, tableFinding } from './table-finding.ts';

/** Doctor's checks that the service can work with the ledger and its trail verifies, and of free disk space. Pure. */
const CLOCK_AHEAD_WARN_MS = 5000;
const LEAST_FREE_BYTES = 64 * 1024 * 1024;
const SCARCE_FREE_BYTES = 1024 * 1024 * 1024;

export function ledgerFinding(facts: LedgerFacts, nowMs: number): Diagnosis {
  if (facts.kind === 'absent') {
    if (facts.creatable && facts.others !== undefined) return startsEmpty('is not there yet', facts.others);
    if (facts.creatable) return ok('is not there yet; the service makes it when it first starts');
    return failed('is not there, and this user may not make it', WRITABLE);
  }
  if (facts.kind === 'unusable') {
    if (facts.foreign !== undefined) return foreignFinding(facts.foreign);
    const { message, remedy } = FAULTS[facts.reason];
    return failed(message, remedy, { details: { reason: facts.reason } });
  }
  const { inUse, writable, schemaVersion, records, tail, tables, clockMs } = facts;
  const details = { in_use: inUse, schema_version: schemaVersion, records, ...comparedIn(tables) };
  if (tail.kind === 'broken') {
    return failed(
      `has a trail that is broken at seq ${tail.seq} (${tail.reason})`,
      'Keep the file as it is, tell your audit team, and compare with the records that were delivered. A service that is ' +
        'started with it will refuse.',
      { details: { ...details, broken_at: tail.seq, reason: tail.reason } },
    );
  }
  if (tables !== null && tables.faults.length > 0) return tableFinding(tables, details);
  if (schemaVersion > SCHEMA_VERSION) {
    return failed(
      `was written by a newer version (schema ${schemaVersion}, this program knows ${SCHEMA_VERSION})`,
      'Run the newer version; an older one must not write what a newer one would read wrongly.',
      { details },
    );
  }
  if (!writable) return failed('is not writable for this user', WRITABLE, { details });
  const aheadMs = clockMs - nowMs;
  if (aheadMs > CLOCK_AHEAD_WARN_MS) {
    return warning(
      `has seen a time ${Math.round(aheadMs / 1000)} s ahead of this machine’s clock`,
      'The clock was set back. Set it right (NTP): the service then corrects its own time with the first answer of an issuer ' +
        'or of Galileo. Until then quotas and idempotency keys are held.',
      { details },
    );
  }
  if (records === 0 && facts.others !== undefined) return startsEmpty('has no record yet', facts.others);
  if (facts.exposed !== undefined) {
    return warning('can be read by other users of this machine', EXPOSED, {
      lines: facts.exposed.map(printable),
      details: { ...details, exposed: facts.exposed },
    });
  }
  const trail =
    records === 0
      ? 'no record yet'
      : `${records === 1 ? 'one record' : `${records} records`}, the end of the trail verifies${agreement(tables)}`;
  const migrates =
    schemaVersion < SCHEMA_VERSION ? `; the next start brings schema ${schemaVersion} to ${SCHEMA_VERSION}` : '';
  const held = inUse ? 'is in use by a running service, as it should be when one runs here; read beside it: ' : '';
  return ok(`${held}${trail}${migrates}`, { details });
}

const EXPOSED =
  'Run chmod 600 on these files and chmod 700 on their folder: they hold people’s addresses and stored answers. Each program ' +
  'that copies them needs the user of the service.';

/** Litestream keeps its position in tables of its own in the database that it replicates. */
const LITESTREAM = /^table _litestream_/;
const MAX_NAMES = 5;
const MAX_NAME_LENGTH = 80;

/** The names are text from the file. */
function foreignFinding(foreign: readonly string[]): Diagnosis {
  const names = foreign.slice(0, MAX_NAMES).map((name) => shorten(printable(name), MAX_NAME_LENGTH));
  const more = foreign.length > names.length ? ` and ${foreign.length - names.length} more` : '';
  const message = `holds what is not of this program: ${names.join(', ')}${more}`;
  const { remedy } = FAULTS.foreign_schema;
  return failed(message, foreign.every((name) => LITESTREAM.test(name)) ? LITESTREAM_REMEDY : remedy, {
    details: { reason: 'foreign_schema', foreign: names },
  });
}

const LITESTREAM_REMEDY =
  'Litestream made these tables, and the service answers every invite with 503 while they are there. Stop Litestream, run ' +
  'DROP TABLE _litestream_seq and DROP TABLE _litestream_lock with sqlite3, and run ledger backup on a timer instead. ' +
  'A restore then loses what came after the last backup (docs/operations.md).';

/** A volume that is not mounted, or another working directory, looks like a first start. */
function startsEmpty(what: string, others: readonly string[]): Diagnosis {
  return warning(
    `${what}, although ${others.length === 1 ? 'another ledger with records is' : 'other ledgers with records are'} there`,
    'Check LEDGER_URL and what is mounted: a new ledger has none of the quotas, idempotency keys and records of the old one.',
    { lines: others, details: { others } },
  );
}

/** `bytes` is null when the platform does not report it. */
export function diskFinding(bytes: number | null): Diagnosis {
  if (bytes === null)
    return warning('does not tell how much is free', 'Check it by other means: a full disk stops all invitations.');
  const details = { free_bytes: bytes };
  const message = `has ${inUnits(bytes)} free for the ledger`;
  if (bytes < LEAST_FREE_BYTES) return failed(message, SPACE, { details });
  return bytes < SCARCE_FREE_BYTES ? warning(message, SPACE, { details }) : ok(message, { details });
}

function inUnits(bytes: number): string {
  const gib = bytes / 1024 ** 3;
  return gib >= 1 ? `${gib.toFixed(1)} GiB` : `${Math.floor(bytes / 1024 ** 2)} MiB`;
}

const SPACE = 'Make room or enlarge the volume: without room for a record nothing is sent (ledger_unavailable).';
const WRITABLE =
  'Let the user that runs the service own the folder of LEDGER_URL (in the image: node), and run doctor as that user.';

/** `message` follows the title "Ledger". */
const FAULTS = {
  dangling_link: { message: 'is a symbolic link to nothing', remedy: 'Point the link, or LEDGER_URL, at the file.' },
  not_a_file: { message: 'has a path that is no regular file', remedy: 'Let LEDGER_URL name a file, not its folder.' },
  several_names: {
    message: 'has several names (hard links)',
    remedy: 'Remove the other names: through one of them a second service could escape the lock.',
  },
  not_readable: { message: 'cannot be read by this user', remedy: WRITABLE },
  log_not_readable: {
    message: 'has a write-ahead log, which this user cannot read in a folder that it cannot write',
    remedy: WRITABLE,
  },
  log_missing: {
    message: 'holds no table: it is a copy without its write-ahead log (-wal), which has the records',
    remedy: 'Put the file with the log back, or restore a backup that ledger backup made (cp is no backup).',
  },
  not_a_database: {
    message: 'has a path that holds something else than a database',
    remedy: 'Check LEDGER_URL; restore the ledger from a backup if the file has been overwritten.',
  },
  moved_away: {
    message: 'was moved to PostgreSQL, and a text is in its place',
    remedy: 'Set LEDGER_URL to what the text says: a service that is started with it here refuses.',
  },
  not_a_ledger: { message: 'has a path that holds a database of something else', remedy: 'Check LEDGER_URL.' },
  foreign_schema: {
    message: 'holds a trigger, a view or a table that is not of this program',
    remedy:
      'Somebody changed the file: keep a copy, tell your audit team, and restore the ledger from a backup. A service that ' +
      'is started with it will refuse.',
  },
  ahead_of_trail: {
    message: 'has a cursor or a checkpoint ahead of the end of its trail',
    remedy:
      'Records are missing at its end, or somebody changed the file: keep a copy, tell your audit team, and compare with ' +
      'the records that were delivered. A service that is started with it will refuse.',
  },
  foreign_journal: {
    message: 'has a rollback journal beside it, which this program never leaves',
    remedy:
      'Somebody wrote to the file with another program: the next writer would undo changes. Keep a copy of both files, tell ' +
      'your audit team, and restore the ledger from a backup.',
  },
  damaged: {
    message: 'is damaged',
    remedy: 'Stop the service, keep the file aside, and restore the ledger from a backup.',
  },
  busy: {
    message: 'is locked by a tool that writes to it',
    remedy: 'End that tool: only the service writes to its ledger.',
  },
} as const satisfies Record<LedgerFault, { readonly message: string; readonly remedy: string }>;
