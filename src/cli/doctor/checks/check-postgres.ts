import { POSTGRES_SCHEMA_VERSION } from '../../../ledger/postgres/schema.ts';
import type { PostgresFacts } from '../../../platform/node/ledger/postgres/inspect-postgres.ts';
import type { Diagnosis } from '../check.ts';
import { failed, ok, warning } from '../check.ts';
import { agreement, comparedIn, tableFinding } from './table-finding.ts';

/** Doctor's check that the service can work with a ledger in PostgreSQL and that the end of its trail verifies. Pure. */
const FIRST_VERSION = 130_000;
/** Leases, quotas and keys follow the server's clock; callers are told times by it. */
const CLOCK_APART_WARN_MS = 5_000;
const LAG_WARN_MS = 10_000;

export function postgresFinding(facts: PostgresFacts): Diagnosis {
  if (facts.kind === 'unreachable')
    return failed('cannot be used', `${facts.problem}. The service does not start without its ledger.`);
  const { version, settings, isStandby, clockAheadMs, schemaVersion, trail, lagMs } = facts;
  const details = {
    server_version: version,
    schema_version: schemaVersion,
    records: trail?.records ?? null,
    ...comparedIn(trail?.tables ?? null),
    encrypted: facts.isEncrypted,
    standby_lag_ms: lagMs,
    ...settings,
  };
  const fault = FAULTS.find(({ is }) => is(facts));
  if (fault !== undefined) return failed(fault.message, fault.remedy, { details });
  if (isStandby) return failed('is on a standby', 'Let LEDGER_URL name the primary.', { details });
  if (schemaVersion !== null && schemaVersion > POSTGRES_SCHEMA_VERSION)
    return failed(
      `was written by a newer version (schema ${schemaVersion}, this program knows ${POSTGRES_SCHEMA_VERSION})`,
      'Run the newer version; an older one must not write what a newer one would read wrongly.',
      { details },
    );
  if (trail !== null && trail.brokenAt !== null)
    return failed(
      `has a trail that is broken at seq ${trail.brokenAt}`,
      'Keep the database as it is, tell your audit team, and compare with the records that were delivered. A service that is ' +
        'started with it will refuse.',
      { details },
    );
  if (trail?.reachesAhead === true)
    return failed(
      'has a cursor or a checkpoint ahead of the end of its trail',
      'Records are missing at its end, or somebody changed the tables: keep the database as it is, tell your audit team, and ' +
        'compare with the records that were delivered. A service that is started with it will refuse.',
      { details },
    );
  const tables = trail?.tables ?? null;
  if (tables !== null && tables.faults.length > 0) return tableFinding(tables, details);
  if (Math.abs(clockAheadMs) > CLOCK_APART_WARN_MS)
    return warning(
      `is on a server whose clock is ${Math.round(Math.abs(clockAheadMs) / 1000)} s ${clockAheadMs > 0 ? 'ahead of' : 'behind'} this machine’s`,
      'Set both right (NTP): quotas, keys and retention follow the clock of the server.',
      { details },
    );
  if (lagMs !== null && lagMs > LAG_WARN_MS)
    return warning(
      `has a standby that is ${Math.round(lagMs / 1000)} s behind`,
      'Where it is a synchronous one, every invite waits for it.',
      { details },
    );
  if (schemaVersion === null) return ok('is not there yet; the service makes it when it first starts', { details });
  const records =
    trail === null
      ? `the next start brings schema ${schemaVersion} to ${POSTGRES_SCHEMA_VERSION}`
      : `${trail.records === 1 ? 'one record' : `${trail.records} records`}, the end of the trail verifies${agreement(tables)}`;
  const standbys =
    settings.synchronous_standby_names === ''
      ? '; no synchronous standby, so a failover may lose the last commits'
      : '; commits wait for synchronous standbys';
  return ok(`in PostgreSQL ${Math.floor(version / 10_000)}: ${records}${standbys}`, { details });
}

type Reachable = Extract<PostgresFacts, { kind: 'reachable' }>;

const FAULTS: readonly {
  readonly is: (facts: Reachable) => boolean;
  readonly message: string;
  readonly remedy: string;
}[] = [
  {
    is: ({ version }) => version < FIRST_VERSION,
    message: 'is on a server older than PostgreSQL 13',
    remedy: 'Use a version that PostgreSQL still supports.',
  },
  {
    is: ({ settings }) => settings.fsync === 'off',
    message: 'is on a server with fsync=off',
    remedy: 'Turn fsync on: such a server loses commits at a crash, and an invite would be sent without a record.',
  },
  {
    is: ({ settings }) => settings.synchronous_commit === 'off',
    message: 'is on a server with synchronous_commit=off',
    remedy: 'Turn it on, for the server or for the user of the ledger: the service refuses to start with it.',
  },
  {
    is: ({ settings }) => settings.full_page_writes === 'off',
    message: 'is on a server with full_page_writes=off',
    remedy: 'Turn it on: a crash can leave half-written pages.',
  },
  {
    is: ({ settings }) => settings.server_encoding !== 'UTF8',
    message: 'is in a database whose encoding is not UTF8',
    remedy: 'Create the database with ENCODING UTF8.',
  },
  {
    is: ({ isPermitted }) => !isPermitted,
    message: 'may not be written by this user',
    remedy:
      'Let the user of LEDGER_URL own the schema of the ledger, or give it CREATE on the database for the first start.',
  },
  {
    is: ({ hasForeignObjects }) => hasForeignObjects,
    message: 'has a trigger, a rule, a view, an inheriting table or row-level security that is not of this program',
    remedy: 'Remove it: it could change records after they are written. The service writes nothing until then.',
  },
  {
    is: ({ hasUnloggedTable }) => hasUnloggedTable,
    message: 'has a table that a crash of the server empties (UNLOGGED)',
    remedy: 'ALTER TABLE … SET LOGGED, for each table in its schema. The service writes nothing until then.',
  },
];
