import { describe, expect, it } from 'vitest';
import { postgresFinding } from '../../../../src/cli/doctor/checks/check-postgres.ts';
import { POSTGRES_SCHEMA_VERSION } from '../../../../src/ledger/postgres/schema.ts';
import { POSTGRES } from '../cli-harness.ts';

const TRAIL = { records: 42, brokenAt: null, reachesAhead: false, tables: null };
const settingsWith = (changes: object) => ({ settings: { ...POSTGRES.settings, ...changes } });

describe('doctor’s check of a ledger in PostgreSQL', () => {
  it('says what is well', () => {
    expect(postgresFinding(POSTGRES)).toMatchObject({
      status: 'ok',
      message:
        'in PostgreSQL 15: 42 records, the end of the trail verifies; the tables agree with it (compared: the last 42 records); no synchronous standby, so a failover may lose the last commits',
    });
    expect(postgresFinding({ ...POSTGRES, ...settingsWith({ synchronous_standby_names: 'two' }) }).message).toContain(
      'commits wait for synchronous standbys',
    );
    expect(postgresFinding({ ...POSTGRES, schemaVersion: 1, trail: null }).message).toContain(
      `in PostgreSQL 15: the next start brings schema 1 to ${POSTGRES_SCHEMA_VERSION}; no synchronous standby`,
    );
    expect(postgresFinding({ ...POSTGRES, schemaVersion: null, trail: null })).toMatchObject({
      status: 'ok',
      message: 'is not there yet; the service makes it when it first starts',
    });
  });

  it.each([
    ['is on a server older than PostgreSQL 13', { version: 120_011 }],
    ['is on a server with fsync=off', settingsWith({ fsync: 'off' })],
    ['is on a server with synchronous_commit=off', settingsWith({ synchronous_commit: 'off' })],
    ['is on a server with full_page_writes=off', settingsWith({ full_page_writes: 'off' })],
    ['is in a database whose encoding is not UTF8', settingsWith({ server_encoding: 'SQL_ASCII' })],
    ['may not be written by this user', { isPermitted: false }],
    [
      'has a trigger, a rule, a view, an inheriting table or row-level security that is not of this program',
      { hasForeignObjects: true },
    ],
    ['has a table that a crash of the server empties (UNLOGGED)', { hasUnloggedTable: true }],
    ['is on a standby', { isStandby: true }],
    ['was written by a newer version', { schemaVersion: POSTGRES_SCHEMA_VERSION + 1 }],
    ['has a cursor or a checkpoint ahead of the end of its trail', { trail: { ...TRAIL, reachesAhead: true } }],
    [
      'has tables that say something else than its records (compared: the last 42 records). A row',
      { trail: { ...TRAIL, tables: { records: 42, unsettled: 0, faults: ['A row'] } } },
    ],
    ['has a trail that is broken at seq 7', { trail: { ...TRAIL, brokenAt: 7, tables: null } }],
  ])('fails, with a remedy: %s', (message, changes) => {
    const finding = postgresFinding({ ...POSTGRES, ...changes });
    expect(finding.status).toBe('failed');
    expect(finding.message).toContain(message);
    expect(finding.remedy).not.toBeNull();
  });

  it('fails when the server cannot be asked, and says why', () => {
    const problem = 'LEDGER_URL names a server that refuses connections: it is not running there, or another port';
    expect(postgresFinding({ kind: 'unreachable', problem })).toMatchObject({
      status: 'failed',
      remedy: `${problem}. The service does not start without its ledger.`,
    });
  });

  it('warns of clocks that are apart, and of a standby that is behind', () => {
    expect(postgresFinding({ ...POSTGRES, clockAheadMs: -60_000 })).toMatchObject({
      status: 'warning',
      message: 'is on a server whose clock is 60 s behind this machine’s',
    });
    expect(postgresFinding({ ...POSTGRES, lagMs: 30_000 })).toMatchObject({
      status: 'warning',
      message: 'has a standby that is 30 s behind',
    });
  });
});
