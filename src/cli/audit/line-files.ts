/**
 * Reads a file as lines (LF or CRLF), with bounded memory. Windows tools write UTF-16 and byte order marks, and a file
 * that was truncated while it was open begins with NUL characters: both are read as the text they hold. A file that is
 * no text is refused by name, with what to do.
 */
import type { RawLine } from '../../audit/line-forms/read-line.ts';
import { thrownCode } from '../../lib/thrown.ts';
import { decodeUtf8 } from '../../lib/text/utf8.ts';
import { CommandError } from '../command-line/command-error.ts';
import type { AuditPorts } from './ports.ts';

/** Much more than the longest record in the longest format. Of a longer line only the beginning is kept. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const KEPT_OF_LONG_LINE = 64 * 1024;
const LINE_FEED = 0x0a;
/** Before a line there may be a byte order mark (where files were joined), or the NULs of a truncated file. */
const BEFORE_LINE = /^[\ufeff\0]+/;

/** The first bytes of files that are no text. */
const NOT_TEXT: readonly {
  readonly is: string;
  readonly at: number;
  readonly bytes: string;
  readonly remedy: string;
}[] = [
  { is: 'a zip archive', at: 0, bytes: 'PK\x03\x04', remedy: 'unpack it first' },
  { is: 'compressed with xz', at: 0, bytes: '\xfd7zXZ\0', remedy: 'unpack it first (xz -dc FILE)' },
  { is: 'compressed with bzip2', at: 0, bytes: 'BZh', remedy: 'unpack it first (bzip2 -dc FILE)' },
  { is: 'compressed with zstd', at: 0, bytes: '\x28\xb5\x2f\xfd', remedy: 'unpack it first (zstd -dc FILE)' },
  { is: 'a tar archive', at: 257, bytes: 'ustar', remedy: 'unpack it first' },
  { is: 'a journal of systemd', at: 0, bytes: 'LPKSHHRH', remedy: 'export it with journalctl -o cat' },
  { is: 'a log of Docker’s local driver', at: 4, bytes: '\x0a\x06std', remedy: 'export it with docker logs' },
  { is: 'a SQLite database', at: 0, bytes: 'SQLite format 3\0', remedy: 'name a ledger with --ledger' },
];
const MAGIC_BYTES = 512;

const UTF_16: readonly { readonly label: string; readonly begins: readonly number[] }[] = [
  { label: 'utf-16le', begins: [0xff, 0xfe] },
  { label: 'utf-16be', begins: [0xfe, 0xff] },
];

/** The file was not opened, or is a folder: nothing of it was read. */
const NOT_BEGUN: ReadonlySet<string> = new Set(['ENOENT', 'EACCES', 'EISDIR', 'ENOTDIR', 'ELOOP']);

export async function* readLines(file: string, { readBytes }: Pick<AuditPorts, 'readBytes'>): AsyncGenerator<RawLine> {
  const lines = createSplitter();
  try {
    for await (const chunk of asUtf8(checked(readBytes(file), nameOf(file)))) yield* lines.take(chunk);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const code = thrownCode(error) ?? '';
    const how = NOT_BEGUN.has(code) ? `cannot be read (${code})` : 'cannot be read to its end';
    throw new CommandError('refused', `${nameOf(file)} ${how}`, { cause: error });
  }
  yield* lines.end();
}

export function nameOf(file: string): string {
  return file === '-' ? 'stdin' : file;
}

/** The same bytes. Throws for those of a file that is no text. */
async function* checked(chunks: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  let begin: Buffer | null = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (begin === null) {
      yield chunk;
      continue;
    }
    begin = Buffer.concat([begin, chunk]);
    if (begin.length < MAGIC_BYTES) continue;
    refuseBinary(begin, name);
    yield begin;
    begin = null;
  }
  if (begin === null) return;
  refuseBinary(begin, name);
  yield begin;
}

function refuseBinary(begin: Buffer, name: string): void {
  const found = NOT_TEXT.find(({ at, bytes }) =>
    begin.subarray(at, at + bytes.length).equals(Buffer.from(bytes, 'latin1')),
  );
  if (found !== undefined) throw new CommandError('refused', `${name} is ${found.is}: ${found.remedy}`);
}

/** Throws for what is not UTF-16 to its end, where it begins as UTF-16. */
async function* asUtf8(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let decoder: TextDecoder | null | undefined;
  for await (const chunk of chunks) {
    if (decoder === undefined) {
      const form = UTF_16.find(({ begins }) => begins.every((byte, index) => chunk[index] === byte));
      decoder = form === undefined ? null : new TextDecoder(form.label, { fatal: true });
    }
    yield decoder === null ? chunk : Buffer.from(decoder.decode(chunk, { stream: true }), 'utf8');
  }
  const rest = decoder?.decode() ?? '';
  if (rest !== '') yield Buffer.from(rest, 'utf8');
}

function createSplitter(): { take(chunk: Uint8Array): Generator<RawLine>; end(): Generator<RawLine> } {
  let parts: Uint8Array[] = [];
  let bytes = 0;

  function keep(chunk: Uint8Array): void {
    const part = bytes === 0 ? withoutNuls(chunk) : chunk;
    if (part.length === 0) return;
    bytes += part.length;
    if (bytes <= MAX_LINE_BYTES) parts.push(part);
    else parts = [Buffer.concat(parts.length === 0 ? [part] : parts).subarray(0, KEPT_OF_LONG_LINE)];
  }

  function take(isEnded: boolean): RawLine {
    const line = bytes > MAX_LINE_BYTES ? longLine(parts, isEnded) : lineOf(parts, isEnded);
    parts = [];
    bytes = 0;
    return line;
  }

  return {
    *take(chunk) {
      let from = 0;
      for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, from)) {
        keep(chunk.subarray(from, end));
        yield take(true);
        from = end + 1;
      }
      keep(chunk.subarray(from));
    },
    *end() {
      if (bytes > 0) yield take(false);
    },
  };
}

/** They may be too many for one line. */
function withoutNuls(begin: Uint8Array): Uint8Array {
  if (begin[0] !== 0) return begin;
  const from = begin.findIndex((byte) => byte !== 0);
  return begin.subarray(from === -1 ? begin.length : from);
}

function lineOf(parts: readonly Uint8Array[], isEnded: boolean): RawLine {
  const bytes = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  const text = decodeUtf8(bytes, 'keep');
  if (text === null) return { text: Buffer.from(bytes).toString('latin1'), fault: 'not_utf8', isEnded };
  return { text: text.replace(BEFORE_LINE, '').replace(/\r$/, ''), fault: null, isEnded };
}

function longLine(parts: readonly Uint8Array[], isEnded: boolean): RawLine {
  return { text: Buffer.concat(parts).toString('latin1'), fault: 'too_long', isEnded };
}
