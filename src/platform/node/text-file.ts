/**
 * The one reader of text files on Node: policy files, AUTH_ISSUERS_FILE, key files, for the service and for the command
 * line. It accepts only regular files of UTF-8 text within a size limit; a byte order mark is removed and line ends are
 * kept. It uses one handle for all steps, so that it reads either the old or the new file when a file is swapped
 * meanwhile. It follows symbolic links. It does not watch or parse files.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { decodeText } from '../../lib/text/decode-text.ts';
import { thrownCode } from '../../lib/thrown.ts';
import { foreignText, TextFileError } from '../../lib/text/text-file-error.ts';

export interface TextFile {
  readonly text: string;
  /** Changes when another file takes the path, and not when the file is written in place. */
  readonly identity: string;
}

export interface TextFileLimit {
  readonly maxBytes: number;
  /** The problem of a larger file, as the second half of a sentence. */
  readonly tooLarge: string;
}

/** The policy loader accepts 4 Mi UTF-16 units; a text of that length is never longer in UTF-8. */
const MAX_BYTES = 12 * 1024 * 1024;
const LIMIT: TextFileLimit = { maxBytes: MAX_BYTES, tooLarge: `is longer than ${MAX_BYTES} bytes` };

/** Without O_NONBLOCK, opening a named pipe waits for a writer. With it, the pipe opens at once and is then refused. */
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** Rejects with a TextFileError. */
export async function readTextFile(path: string, { maxBytes, tooLarge } = LIMIT): Promise<TextFile> {
  try {
    await using file = await open(path, FLAGS);
    const stat = await file.stat({ bigint: true });
    if (!stat.isFile()) throw new TextFileError('not_a_file', 'is not a file');
    const bytes = await readAtMost(file, maxBytes + 1);
    if (bytes.byteLength > maxBytes) throw new TextFileError('too_large', tooLarge);
    const decoded = decodeText(bytes);
    if (decoded.kind === 'refused') throw foreignText(decoded);
    return { text: decoded.text, identity: `${stat.dev}:${stat.ino}` };
  } catch (error) {
    if (error instanceof TextFileError) throw error;
    throw new TextFileError('not_readable', `cannot be read (${thrownCode(error) ?? 'unknown error'})`);
  }
}

/** The text alone. Rejects with a TextFileError. */
export async function readText(path: string): Promise<string> {
  return (await readTextFile(path)).text;
}

/** The size that `stat` reports is no limit: a file may grow during the read, and files in /proc report 0. */
async function readAtMost(file: FileHandle, maxBytes: number): Promise<Uint8Array> {
  return await buffer(file.createReadStream({ end: maxBytes - 1, autoClose: false }));
}
