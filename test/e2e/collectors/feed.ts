/**
 * What the service writes to stdout, with the longest line that it can write and operational lines between, and what
 * `audit verify --lines` says of what a collector kept.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { AuditFormat } from '../../../src/audit/format/formats.ts';
import { stdoutLine } from '../../../src/audit/format/stdout-line.ts';
import { longTrail } from '../../support/audit/long-trail.ts';

const run = promisify(execFile);
const SHORT_RECORDS = 400;

export interface Feed {
  /** Two halves of stdout, each whole lines. The longest one is in the first. */
  readonly halves: readonly [string, string];
  /** The lines of the trail, in their order, and how many of them are in the first half. */
  readonly lines: readonly string[];
  readonly inFirst: number;
  readonly records: number;
}

export async function feed(format: AuditFormat): Promise<Feed> {
  const trail = await longTrail(SHORT_RECORDS);
  const lines = trail.map((item) => stdoutLine(format, item, '2026-03-02T10:00:00.000Z'));
  const operational = '{"level":"info","time":"2026-03-02T10:00:00.000Z","channel":"ops","event":"x"}';
  // No multiple of the lines after which a recipe notes its place in the file.
  const inFirst = SHORT_RECORDS / 2 + 33;
  const text = (some: readonly string[]): string => some.map((line) => `${operational}\n${line}\n`).join('');
  return {
    halves: [text(lines.slice(0, inFirst)), text(lines.slice(inFirst))],
    lines,
    inFirst,
    records: SHORT_RECORDS + 1,
  };
}

interface Finding {
  readonly kind: string;
  readonly seq: number;
  readonly to: number | null;
}

export interface Verified {
  readonly verdict: string;
  readonly lines: { readonly records: number; readonly skipped: number; readonly findings: readonly Finding[] };
}

/** What `audit verify` says of the lines in a file, which have to be the whole trail. */
export async function verifyLines(kept: string): Promise<Verified> {
  const args = ['src/cli.ts', 'audit', 'verify', '--json', '--whole', '--lines', kept];
  // It exits 1 when it finds a fault.
  const { stdout } = await run(process.execPath, args).catch((error: unknown) => error as { readonly stdout: string });
  return JSON.parse(stdout) as Verified;
}

/** Proves that the file holds the whole trail of the feed, and that nothing in it was changed. */
export async function expectWholeTrail(kept: string, { records }: Feed): Promise<void> {
  expect(await verifyLines(kept)).toMatchObject({ verdict: 'intact', lines: { records, findings: [], skipped: 0 } });
}
