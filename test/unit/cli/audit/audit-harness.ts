/**
 * Runs the audit commands on real files: a ledger that the service created, filled with a trail, and delivered lines.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { chainRecord, GENESIS } from '../../../../src/audit/chain.ts';
import type { ChainHead } from '../../../../src/audit/chain.ts';
import type { AnyDraft } from '../../../../src/audit/record.ts';
import { positionOf } from '../../../../src/audit/delivery/outbox-position.ts';
import type { RequestFacts } from '../../../../src/audit/verify/item.ts';
import type { VerifyReport } from '../../../../src/cli/audit/verify-report.ts';
import { openLedger } from '../../../../src/platform/node/ledger/open-ledger.ts';
import { createFakeClock, createFakeIds, TEST_TIME_MS, testUuid7 } from '../../../support/clock.ts';
import type { Line } from '../../audit/verify/trail-harness.ts';
import { lineOf, pointed } from '../../audit/verify/trail-harness.ts';
import type { HarnessOptions, Ran } from '../cli-harness.ts';
import { runCommand } from '../cli-harness.ts';

export interface Folder {
  readonly path: (name: string) => string;
  /** Returns the file's path. */
  readonly write: (name: string, content: string | Uint8Array) => string;
  readonly remove: () => void;
}

export function tempFolder(): Folder {
  const folder = mkdtempSync(join(tmpdir(), 'invite-proxy-audit-'));
  const path = (name: string): string => join(folder, name);
  return {
    path,
    write(name, content) {
      writeFileSync(path(name), content);
      return path(name);
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

const silent = (): void => undefined;

/** The records of these drafts as a trail: record n is n seconds after TEST_TIME_MS. */
export function chained(drafts: readonly AnyDraft[]): Line[] {
  let head = GENESIS;
  return drafts.map((draft) => {
    const seq = head.seq + 1;
    const time = new Date(TEST_TIME_MS + seq * 1_000).toISOString();
    const { line, hash } = chainRecord(draft, { seq, id: testUuid7(100_000 + seq), time, prev: head.hash });
    head = { seq, hash };
    return lineOf(line);
  });
}

/** Creates an empty ledger as the service does, and closes it. */
export async function makeLedger(path: string): Promise<string> {
  const ledger = await openLedger({
    path,
    clock: createFakeClock(),
    ids: createFakeIds(),
    logger: { debug: silent, info: silent, warn: silent, error: silent },
    metrics: { count: silent },
  });
  await ledger.close();
  return path;
}

/** In the first schema, each request named its owner. */
function requestAdder(database: DatabaseSync) {
  const hasOwners = database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'owners'`).get() !== undefined;
  const owner = hasOwners
    ? database.prepare('INSERT OR IGNORE INTO owners (issuer, client_id, subject) VALUES (?, ?, ?)')
    : null;
  const columns = 'request_id, state, admitted_at, expires_at, decided_seq, key_scope, debits';
  const request = database.prepare(
    hasOwners
      ? `INSERT OR IGNORE INTO requests (owner, ${columns})
         SELECT owner, ?4, ?5, 0, ?6, ?7, ?8, '[]' FROM owners WHERE issuer = ?1 AND client_id = ?2 AND subject = ?3`
      : `INSERT OR IGNORE INTO requests (issuer, client_id, subject, ${columns})
         VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8, '[]')`,
  );
  const named = hasOwners
    ? database.prepare(
        `UPDATE records SET request_id = ?5, owner = (
           SELECT owner FROM owners WHERE issuer = ?2 AND client_id = ?3 AND subject = ?4) WHERE seq = ?1`,
      )
    : null;
  return (seq: number, state: string, { id, owner: whose, hasKey, expiresAtMs }: RequestFacts): void => {
    const names = [whose.issuer, whose.clientId, whose.subject];
    owner?.run(...names);
    request.run(...names, id, state, expiresAtMs, seq, hasKey ? `scope ${id}` : null);
    named?.run(seq, ...names, id);
  };
}

/** Appends the lines to the trail in the file, and to the table of requests the row of each decision among them. */
export async function fillLedger(path: string, lines: readonly Line[]): Promise<void> {
  await alter(path, (database) => {
    const record = database.prepare('INSERT INTO records (seq, line) VALUES (?, ?)');
    const addRequest = requestAdder(database);
    // Not in the first schema; prepared where they are needed.
    const checkpoint = 'INSERT INTO checkpoints (count, position, made_at, line) VALUES (?, ?, ?, ?)';
    const step = 'INSERT INTO clock_steps (seq) VALUES (?)';
    let lastTimeMs = -Infinity;
    database.exec('BEGIN');
    for (const { item, text } of lines) {
      if (item.kind === 'record') {
        record.run(item.seq, text);
        if (item.timeMs < lastTimeMs) database.prepare(step).run(item.seq);
        lastTimeMs = item.timeMs;
        const state = { intent: 'open', denial: 'denied' }[item.request?.kind ?? ''];
        if (item.request !== null && state !== undefined) {
          addRequest(item.seq, state, item.request);
        }
      }
      if (item.kind === 'checkpoint') {
        const { count, time } = item.checkpoint;
        database.prepare(checkpoint).run(count, positionOf(count) + 1, Date.parse(time), text);
      }
    }
    const { item: last } = lines.findLast(({ item }) => item.kind === 'record')!;
    if (last.kind === 'record') {
      setHead(database, last);
      const isOld =
        database.prepare(`SELECT 1 FROM pragma_table_info('head') WHERE name = 'recorded_ms'`).get() === undefined;
      if (!isOld) database.prepare('UPDATE head SET recorded_ms = ?').run(last.timeMs);
    }
    database.exec('COMMIT');
  });
}

export function setHead(database: DatabaseSync, { seq, hash }: ChainHead): void {
  database.prepare('UPDATE head SET seq = ?, hash = ? WHERE id = 1').run(seq, hash);
}

/** Changes the file as anybody with access to it and SQLite could. */
export async function alter<T>(path: string, change: (database: DatabaseSync) => T | Promise<T>): Promise<T> {
  const database = new DatabaseSync(path);
  try {
    return await change(database);
  } finally {
    database.close();
  }
}

export function audit(args: readonly string[], options: HarnessOptions = {}): Promise<Ran> {
  const readText = (path: string): Promise<string> => readFile(path, 'utf8');
  return runCommand(['audit', ...args], { ...options, deps: { readText, ...options.deps } });
}

export async function verified(
  args: readonly string[],
): Promise<{ code: number; found: string[]; report: VerifyReport }> {
  const { code, stdout, stderr } = await audit(['verify', '--json', ...args]);
  if (stdout === '') throw new Error(stderr);
  const report = JSON.parse(stdout) as VerifyReport;
  const found = [report.ledger, report.lines].flatMap((one) => (one === null ? [] : pointed(one)));
  return { code, found, report };
}
