/**
 * examples/audit-daily.sh as an audit team runs it: a folder stands for the write-once bucket, and a script for the AWS
 * CLI, which keeps objects in a folder and writes down how it was called.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseSync } from 'node:sqlite';
import { createLedgerForger } from '../../attack/forgeries/ledger-forger.ts';
import type { HonestTrail } from '../../attack/forgeries/honest-trail.ts';
import { makeHonestTrail } from '../../attack/forgeries/honest-trail.ts';
import { tempFolder } from '../../unit/cli/audit/audit-harness.ts';
import type { Folder } from '../../unit/cli/audit/audit-harness.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** The day that the trail was written on. */
const DAY = '2026-03-02';

/** Puts into a folder what `aws s3api put-object` puts into a bucket, as far as the job uses it. */
const AWS = `#!/bin/sh
echo "$*" >> "$AWS_LOG"
case "$1 $2" in
's3api put-object')
  shift 2
  while [ $# -gt 0 ]; do case $1 in --key) key=$2 ;; --body) body=$2 ;; esac; shift; done
  [ -e "$AWS_FOLDER/$key" ] && { echo PreconditionFailed >&2; exit 254; }
  mkdir -p "$(dirname "$AWS_FOLDER/$key")" && cp "$body" "$AWS_FOLDER/$key" ;;
's3 ls') [ -z "$AWS_LIST_DENIED" ] && ls "$AWS_FOLDER/\${3#s3://acme-audit/}" 2>/dev/null | sed 's/^/2026-03-03 00:00:00 100 /' ;;
's3api list-objects-v2')
  [ -z "$AWS_LIST_DENIED" ] || { echo AccessDenied >&2; exit 254; }
  keys=$(cd "$AWS_FOLDER" 2>/dev/null && find "$6" -type f 2>/dev/null | tr '\n' '\t')
  echo "\${keys:-None}" ;;
's3 cp') if [ "$4" = - ]; then cat "$AWS_FOLDER/\${3#s3://acme-audit/}"; else cp "$AWS_FOLDER/\${3#s3://acme-audit/}" "$4"; fi ;;
*) exit 255 ;;
esac
`;

let folder: Folder;
let honest: HonestTrail;
let work: Folder;

beforeAll(async () => {
  folder = tempFolder();
  honest = await makeHonestTrail(folder.path('honest'));
  // The service ran on for two days, without a request.
  for (const path of [honest.ledger, honest.other]) {
    const database = new DatabaseSync(path);
    database.exec(`UPDATE head SET clock_ms = ${Date.UTC(2026, 2, 4)}`);
    database.close();
  }
  mkdirSync(folder.path('bin'));
  folder.write('bin/aws', AWS);
  chmodSync(folder.path('bin/aws'), 0o755);
});
afterAll(() => folder.remove());
beforeEach(() => {
  work = tempFolder();
  return () => {
    for (const name of ['bucket', 'aws']) if (existsSync(work.path(name))) chmodSync(work.path(name), 0o755);
    work.remove();
  };
});

interface Run {
  readonly bucket?: string;
  readonly ledger?: string;
  readonly env?: Readonly<Record<string, string>>;
}

async function run(day: string, { bucket = work.path('bucket'), ledger = honest.ledger, env = {} }: Run = {}) {
  const child = spawn('sh', [join(ROOT, 'examples/audit-daily.sh'), day], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: `${folder.path('bin')}:${process.env.PATH ?? ''}`,
      AUDIT_BUCKET: bucket,
      AUDIT_PUBLIC_KEY: honest.publicKey,
      AUDIT_CLI: `${process.execPath} src/cli.ts`,
      LEDGER_URL: `sqlite:${ledger}`,
      AWS_LOG: work.path('aws.log'),
      AWS_FOLDER: work.path('aws'),
      ...env,
    },
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, stdout, stderr };
}

const kept = (): string[] =>
  readdirSync(work.path('bucket'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(work.path('bucket').length + 1))
    .toSorted();

/** A ledger whose record 14 and all checkpoints behind it were made anew by somebody who has the signing key. */
async function forgedLedger(): Promise<string> {
  const path = work.path('forged.db');
  copyFileSync(honest.ledger, path);
  const database = new DatabaseSync(path);
  const forger = createLedgerForger(honest, path, database);
  forger.edit(14);
  forger.sealFrom(14);
  await forger.checkpointAgain([24, 36], honest.keys.service.signer);
  database.close();
  return path;
}

describe('the daily job of an audit team', () => {
  it('keeps the records and the checkpoints of a day, and writes over neither', async () => {
    expect(await run(DAY)).toMatchObject({ code: 0, stderr: '' });
    expect(kept()).toEqual([`checkpoints/${DAY}.ndjson`, `records/${DAY}.ndjson.gz`]);
    const lines = gunzipSync(readFileSync(join(work.path('bucket'), `records/${DAY}.ndjson.gz`))).toString();
    expect(lines.trimEnd().split('\n').toSorted()).toEqual([...honest.lines].toSorted());
    expect(statSync(join(work.path('bucket'), `checkpoints/${DAY}.ndjson`)).mode & 0o222).toBe(0);
    expect(await run(DAY)).toMatchObject({ code: 0 });
    const other = await run(DAY, { ledger: honest.other });
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('is kept already, with another content')]);
  });

  it('finds the next day what only the kept checkpoint shows: a trail that was signed anew with the service’s own key', async () => {
    expect((await run(DAY)).code).toBe(0);
    const ledger = await forgedLedger();
    const next = await run('2026-03-03', { ledger });
    expect(next.code).toBe(1);
    expect(next.stdout).toMatch(/^broken Ledger/m);
    // A table that wraps.
    expect(next.stdout.replaceAll(/\s+/g, ' ')).toContain('kept.ndjson:2 rewritten Records 13 to 24, or some of them,');
    // What was found is evidence, so the day is kept.
    expect(kept()).toContain('records/2026-03-03.ndjson.gz');
    // Without what was kept it would have passed.
    expect((await run('2026-03-03', { ledger, bucket: work.path('new-bucket') })).code).toBe(0);
  });

  it('locks each object in S3, never replaces one, and reads the last checkpoint from there', async () => {
    const bucket = 's3://acme-audit/invites';
    expect(await run(DAY, { bucket })).toMatchObject({ code: 0, stderr: '' });
    expect(await run(DAY, { bucket })).toMatchObject({ code: 0 });
    const calls = readFileSync(work.path('aws.log'), 'utf8');
    const puts = calls.split('\n').filter((call) => call.startsWith('s3api put-object'));
    expect(puts).toHaveLength(4);
    for (const put of puts) {
      expect(put).toContain('--if-none-match *');
      expect(put).toMatch(/--object-lock-mode COMPLIANCE --object-lock-retain-until-date \d{4}-\d\d-\d\dT[\d:]+Z/);
    }
    const next = await run('2026-03-03', { bucket, ledger: await forgedLedger() });
    expect([next.code, next.stdout]).toEqual([1, expect.stringContaining('broken Ledger')]);
    expect((await run(DAY, { bucket, ledger: honest.other })).code).toBe(2);
  });

  it('verifies nothing without what was kept: it exits 2 when that cannot be listed', async () => {
    const bucket = 's3://acme-audit/invites';
    expect((await run(DAY, { bucket })).code).toBe(0);
    const ledger = await forgedLedger();
    const denied = await run('2026-03-03', { bucket, ledger, env: { AWS_LIST_DENIED: '1' } });
    expect([denied.code, denied.stderr]).toEqual([2, expect.stringContaining('what was kept before cannot be read')]);
    expect(readdirSync(work.path('aws/invites/records'))).toEqual([`${DAY}.ndjson.gz`]);
    const unclear = await run(DAY, { bucket: 's3://acme-audit' });
    expect([unclear.code, unclear.stderr]).toEqual([2, expect.stringContaining('s3://BUCKET/PREFIX')]);
  });

  it('keeps nothing of a day that the ledger does not reach the end of, as an older backup or a day that is not over', async () => {
    const ledger = work.path('backup.db');
    copyFileSync(honest.ledger, ledger);
    const database = new DatabaseSync(ledger);
    database.exec(`UPDATE head SET clock_ms = ${Date.UTC(2026, 2, 2, 23, 45)}`);
    database.close();
    const early = await run(DAY, { ledger });
    expect([early.code, early.stderr]).toEqual([2, expect.stringContaining('before the end of the time range')]);
    expect(existsSync(work.path('bucket'))).toBe(false);
    expect((await run(DAY)).code).toBe(0);
  });

  it('exits 2 and leaves no part of a day when the bucket cannot be written, and 2 for a day that is none', async () => {
    mkdirSync(work.path('bucket'));
    writeFileSync(work.path('bucket/records'), 'not a folder');
    const unkept = await run(DAY);
    expect([unkept.code, unkept.stderr]).toEqual([2, expect.stringContaining('was not kept')]);
    expect(kept()).toEqual(['records']);
    expect(await run('someday')).toMatchObject({ code: 2, stderr: expect.stringContaining('is not a day') });
  });

  it('leaves the lock to a rule of the bucket where the store has no object lock', async () => {
    await run(DAY, { bucket: 's3://acme-audit/invites', env: { AUDIT_LOCK: 'bucket' } });
    const calls = readFileSync(work.path('aws.log'), 'utf8');
    expect(calls).toContain('--if-none-match');
    expect(calls).not.toContain('--object-lock');
  });

  it('keeps nothing and exits 2 when the ledger cannot be read, and says what is missing of its settings', async () => {
    const unread = await run(DAY, { ledger: work.path('gone.db') });
    expect([unread.code, unread.stderr]).toEqual([2, expect.stringContaining('is not there')]);
    expect(existsSync(work.path('bucket'))).toBe(false);
    const { code, stderr } = await run(DAY, { env: { AUDIT_PUBLIC_KEY: '' } });
    expect([code, stderr]).toEqual([2, expect.stringContaining('AUDIT_PUBLIC_KEY')]);
  });
});
