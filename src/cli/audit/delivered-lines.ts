/**
 * Files of delivered lines as a trail: in any shape they were delivered in, one file after the other. What is none of the
 * service's lines is skipped and counted; what may be left of one that was damaged is handed on as damaged. A line is
 * told of by its file and number, never quoted.
 */
import { readDeliveredLine } from '../../audit/verify/delivered-line.ts';
import { placeText } from '../../audit/verify/findings.ts';
import type { KeptCheckpoint } from '../../audit/verify/checkpoints.ts';
import { isRemnant, readTrailItem } from '../../audit/verify/item.ts';
import type { TrailItem } from '../../audit/verify/item.ts';
import type { TrailLine } from '../../audit/verify/verify-trail.ts';
import type { AuditPorts } from './ports.ts';

/** Far beyond the longest record in the wordiest format; what is longer is damaged, and not kept in memory. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const LINE_FEED = 0x0a;

/** A file cannot be read, or not to its end; the message names it. */
export class UnreadableFile extends Error {
  override readonly name = 'UnreadableFile';
}

export interface DeliveredLines {
  readonly lines: AsyncIterable<TrailLine>;
  /** Lines so far that are none of the service's. */
  skipped(): number;
}

export function readDeliveredLines(files: readonly string[], ports: Pick<AuditPorts, 'readBytes'>): DeliveredLines {
  let skipped = 0;
  async function* read(): AsyncGenerator<TrailLine> {
    for (const file of files) {
      let at = 0;
      for await (const line of linesOf(file, ports)) {
        at += 1;
        const item = line === '' ? null : itemOf(line);
        if (item !== null) yield { item, place: { prefix: `${nameOf(file)}:`, at }, position: null };
        else if (line !== '') skipped += 1;
      }
    }
  }
  return { lines: read(), skipped: () => skipped };
}

export type KeptRead =
  | { readonly kind: 'read'; readonly kept: readonly KeptCheckpoint[] }
  | { readonly kind: 'refused'; readonly message: string };

/** The checkpoints in these files; records and other lines beside them do not matter. */
export async function readKeptCheckpoints(
  files: readonly string[],
  ports: Pick<AuditPorts, 'readBytes'>,
): Promise<KeptRead> {
  const kept: KeptCheckpoint[] = [];
  for (const file of files) {
    const before = kept.length;
    for await (const { item, place } of readDeliveredLines([file], ports).lines) {
      if (item.kind === 'checkpoint') kept.push({ checkpoint: item.checkpoint, digest: item.digest, place });
      if (item.kind === 'damaged' && item.what !== 'record' && item.what !== 'wrapper')
        return { kind: 'refused', message: `${placeText(place)} is a damaged checkpoint` };
    }
    if (kept.length === before) return { kind: 'refused', message: `${nameOf(file)} holds no checkpoint` };
  }
  return { kind: 'read', kept };
}

const UNREADABLE: TrailItem = { kind: 'damaged', what: 'text', claimedSeq: null };

/** Null when the line is none of ours. `line` is null when it is no UTF-8, or too long. */
function itemOf(line: string | null): TrailItem | null {
  if (line === null) return UNREADABLE;
  const delivered = readDeliveredLine(line);
  if (delivered.kind === 'foreign') return isRemnant(line) ? UNREADABLE : null;
  if (delivered.text === null) return UNREADABLE;
  const item = readTrailItem(delivered.text);
  return delivered.kind === 'native' ? item : disguised(item);
}

/** What is carried is sound; the line around it is not. */
function disguised(item: TrailItem): TrailItem {
  if (item.kind === 'record') return { kind: 'damaged', what: 'wrapper', claimedSeq: item.seq };
  if (item.kind === 'checkpoint') return { kind: 'damaged', what: 'checkpoint', claimedSeq: item.checkpoint.count };
  return item;
}

/** Without line ends; CRLF counts as one. The last line may lack its own. */
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
    throw new UnreadableFile(`${nameOf(file)} cannot be read to its end`);
  }
  if (restBytes > 0) yield take();
}

function textOf(parts: readonly Uint8Array[]): string | null {
  try {
    // Fatal, and with no byte order mark taken away: bytes that read as the same text are still other bytes.
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return decoder.decode(Buffer.concat(parts)).replace(/\r$/, '');
  } catch {
    return null;
  }
}

function nameOf(file: string): string {
  return file === '-' ? 'stdin' : file;
}
