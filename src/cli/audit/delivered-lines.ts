/**
 * Reads files of delivered audit lines, one after the other, as one trail. Lines may be in any format of the sinks.
 * A foreign line, which is not the service's, is skipped and counted. A line that may be the rest of a damaged one is
 * returned as damaged. Messages name a line by its file and number and never quote it.
 */
import { readDeliveredLine } from '../../audit/verify/delivered-line.ts';
import { placeText } from '../../audit/verify/findings.ts';
import type { KeptCheckpoint } from '../../audit/verify/checkpoints.ts';
import { isRemnant, readTrailItem } from '../../audit/verify/item.ts';
import type { TrailItem } from '../../audit/verify/item.ts';
import { isNewer } from '../../audit/verify/known-form.ts';
import type { TrailLine } from '../../audit/verify/verify-trail.ts';
import { CommandError } from '../command-line/command-error.ts';
import { decodeUtf8 } from '../../lib/utf8.ts';
import type { AuditPorts } from './ports.ts';

/** Much more than the longest record in the longest format. A longer line is damaged and is not kept in memory. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const LINE_FEED = 0x0a;

export interface DeliveredLines {
  readonly lines: AsyncIterable<TrailLine>;
  /** The number of foreign lines so far. */
  skipped(): number;
}

export function readDeliveredLines(files: readonly string[], ports: Pick<AuditPorts, 'readBytes'>): DeliveredLines {
  let skipped = 0;
  async function* readAll(): AsyncGenerator<TrailLine> {
    for (const file of files) {
      let at = 0;
      for await (const line of linesOf(file, ports)) {
        at += 1;
        const read = line === '' ? null : readLine(line);
        if (read !== null) yield { ...read, place: { prefix: `${nameOf(file)}:`, at }, position: null };
        else if (line !== '') skipped += 1;
      }
    }
  }
  return { lines: readAll(), skipped: () => skipped };
}

/** The checkpoints in these files. Records and foreign lines are ignored. Rejects when a file has no sound checkpoint. */
export async function readKeptCheckpoints(
  files: readonly string[],
  ports: Pick<AuditPorts, 'readBytes'>,
): Promise<readonly KeptCheckpoint[]> {
  const kept: KeptCheckpoint[] = [];
  for (const file of files) {
    const before = kept.length;
    for await (const { item, place } of readDeliveredLines([file], ports).lines) {
      if (item.kind === 'checkpoint') kept.push({ checkpoint: item.checkpoint, digest: item.digest, place });
      if (item.kind === 'damaged' && item.what !== 'record' && item.what !== 'wrapper')
        throw new CommandError('refused', `${placeText(place)} is a damaged checkpoint`);
    }
    if (kept.length === before) throw new CommandError('refused', `${nameOf(file)} holds no checkpoint`);
  }
  return kept;
}

const UNREADABLE: TrailItem = { kind: 'damaged', what: 'text', claimedSeq: null };

/** Null for a foreign line. `line` is null when it is not UTF-8 or too long. */
function readLine(line: string | null): Pick<TrailLine, 'item' | 'isNewer'> | null {
  if (line === null) return { item: UNREADABLE };
  const delivered = readDeliveredLine(line);
  if (delivered.kind === 'foreign') return isRemnant(line) ? { item: UNREADABLE } : null;
  if (delivered.text === null) return { item: UNREADABLE };
  const item = readTrailItem(delivered.text);
  return delivered.kind === 'native' ? { item, isNewer: isNewer(delivered.text) } : { item: disguised(item) };
}

/** The line that carries this item is damaged, so a valid item counts as damaged, too. */
function disguised(item: TrailItem): TrailItem {
  if (item.kind === 'record') return { kind: 'damaged', what: 'wrapper', claimedSeq: item.seq };
  if (item.kind === 'checkpoint') return { kind: 'damaged', what: 'checkpoint', claimedSeq: item.checkpoint.count };
  return item;
}

/** The lines without their line ends (LF or CRLF); the last line may have none. Null: not UTF-8, or too long. */
async function* linesOf(file: string, { readBytes }: Pick<AuditPorts, 'readBytes'>): AsyncGenerator<string | null> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  let tooLong = false;
  const take = (): string | null => {
    const line = tooLong ? null : textOf(rest);
    rest = [];
    restBytes = 0;
    tooLong = false;
    return line;
  };
  const keep = (part: Uint8Array): void => {
    restBytes += part.length;
    if (restBytes > MAX_LINE_BYTES) tooLong = true;
    rest = tooLong ? [] : [...rest, part];
  };
  try {
    for await (const chunk of readBytes(file)) {
      let from = 0;
      for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
        keep(chunk.subarray(from, end));
        yield take();
        from = end + 1;
      }
      if (from < chunk.length) keep(chunk.subarray(from));
    }
  } catch {
    throw new CommandError('refused', `${nameOf(file)} cannot be read to its end`);
  }
  if (restBytes > 0) yield take();
}

function textOf(parts: readonly Uint8Array[]): string | null {
  // The byte order mark is kept: different bytes must not decode to the same text.
  return decodeUtf8(Buffer.concat(parts), 'keep')?.replace(/\r$/, '') ?? null;
}

function nameOf(file: string): string {
  return file === '-' ? 'stdin' : file;
}
