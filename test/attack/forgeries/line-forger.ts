import { checkpointLine } from '../../../src/audit/checkpoint/checkpoint.ts';
import type { Checkpoint } from '../../../src/audit/checkpoint/checkpoint.ts';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import { sha256Hex } from '../../../src/lib/sha256.ts';
import type { HonestTrail } from './honest-trail.ts';
import { inviteAnother } from './ledger-forger.ts';
import type { Json } from './ledger-forger.ts';

/** An attacker with the lines that a sink received, who knows their format: hashes fit wherever they make them fit. */
export interface LineForger {
  readonly honest: HonestTrail;
  readonly lines: string[];
  /** The file is written as these bytes instead of the lines. */
  bytes: Uint8Array | null;
  /** The index of a record's line. */
  at(seq: number): number;
  /** The index of a checkpoint's line. */
  atCheckpoint(count: number): number;
}

export const parse = (line: string | undefined): Json => JSON.parse(line ?? '') as Json;
export const text = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

export function change({ lines, at }: LineForger, seq: number, by: (record: Json) => Json): void {
  lines[at(seq)] = canonicalJson(by(parse(lines[at(seq)])));
}

export function sealed(record: Json): Json {
  const body: Json = { ...record, hash: undefined };
  return { ...body, hash: sha256Hex(canonicalJson(body)) };
}

/** Every link and hash from this record on, as an attacker computes them again. */
export function sealFrom(forger: LineForger, seq: number): void {
  let prev = seq === 1 ? '0'.repeat(64) : String(parse(forger.lines[forger.at(seq - 1)])['hash']);
  for (let at = seq; at <= 63; at += 1) {
    change(forger, at, (record) => sealed({ ...record, prev }));
    prev = String(parse(forger.lines[forger.at(at)])['hash']);
  }
}

export function rewriteFrom(forger: LineForger, seq: number): void {
  change(forger, seq, inviteAnother);
  sealFrom(forger, seq);
}

export function leaveOutCheckpoints({ lines, atCheckpoint }: LineForger, ...counts: readonly number[]): void {
  for (const count of counts) lines.splice(atCheckpoint(count), 1);
}

/** The checkpoints of records 24 and 36 anew, for the records as they are now. */
export async function signAgain(
  { lines, at, atCheckpoint }: LineForger,
  { signer }: LineForger['honest']['keys']['service'],
): Promise<void> {
  for (const [count, before] of [
    [24, 12],
    [36, 24],
  ] as const) {
    const {
      kind: _kind,
      signature: _signature,
      ...statement
    } = parse(lines[atCheckpoint(count)]) as unknown as Checkpoint;
    const head = String(parse(lines[at(count)])['hash']);
    const previous = sha256Hex(lines[atCheckpoint(before)] ?? '');
    lines[atCheckpoint(count)] = await checkpointLine({ ...statement, head, previous }, signer);
  }
}
