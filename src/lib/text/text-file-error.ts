/**
 * Why a text file cannot be used, and the words for it. The reading itself is in platform/node/text-file.ts. The words
 * are here because the service, `loadConfig` and the check tools all use them. Invariant: no message holds the path or
 * the contents of the file.
 */
import type { DecodedText, ForeignEncoding } from './decode-text.ts';

export type TextFileFault = 'not_a_file' | 'too_large' | 'not_utf8' | 'not_readable';

/** Counted from 1, as in editors. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** `message` is the second half of a sentence about the file: "is UTF-16; …", "cannot be read (ENOENT)". */
export class TextFileError extends Error {
  override readonly name = 'TextFileError';
  readonly reason: TextFileFault;
  /** Where in the file the fault is; null: the fault is of the file as a whole. */
  readonly place: TextPlace | null;

  constructor(reason: TextFileFault, message: string, place: TextPlace | null = null) {
    super(message);
    this.reason = reason;
    this.place = place;
  }
}

const FOREIGN: Readonly<Record<ForeignEncoding, string>> = {
  utf_16: 'is UTF-16, which PowerShell and Notepad can write; save it as UTF-8',
  utf_32: 'is UTF-32; save it as UTF-8',
  eight_bit: 'is not UTF-8 but probably Windows-1252; save it as UTF-8',
  binary: 'is no text file: it holds a NUL character',
};

/** The error for bytes that are no UTF-8 text. */
export function foreignText({ encoding, line, column }: Extract<DecodedText, { kind: 'refused' }>): TextFileError {
  return new TextFileError('not_utf8', FOREIGN[encoding], { line, column });
}

type Fault = Pick<TextFileError, 'reason' | 'message' | 'place'>;

/** The fault of a failed read. The message of any other error may hold the path, so it is not used. */
function faultOf(error: unknown): Fault {
  return error instanceof TextFileError ? error : { reason: 'not_readable', message: 'cannot be read', place: null };
}

/** What the usual cause is, by the end of the sentence. */
const ADVICE: readonly { readonly ends: string; readonly advice: string }[] = [
  { ends: '(ENOENT)', advice: 'there is none. A relative path begins at the working directory of this process' },
  { ends: '(EACCES)', advice: 'the user of this process may not read it' },
  { ends: 'not that of a file', advice: 'if it is a folder, Docker made it because the file to mount was missing' },
];

/** The problem as a sentence about the file, and its place if the file has one: "the file cannot be read (ENOENT)". */
export function textFileProblem(error: unknown): { readonly message: string; readonly place?: TextPlace } {
  const { reason, message, place } = faultOf(error);
  const sentence = reason === 'not_a_file' ? 'the path is not that of a file' : `the file ${message}`;
  const advice = ADVICE.find(({ ends }) => sentence.endsWith(ends))?.advice;
  return {
    message: advice === undefined ? sentence : `${sentence}: ${advice}`,
    ...(place === null ? {} : { place }),
  };
}

/** The problem after the name of the setting that holds the path: "names a file that cannot be read (ENOENT)". */
export function namedTextFileProblem(error: unknown): string {
  return faultOf(error).reason === 'not_a_file'
    ? 'names what is not a file'
    : `names a file that ${textFilePhrase(error)}`;
}

/** The problem after the name of the file: "cannot be read (ENOENT)". */
export function textFilePhrase(error: unknown): string {
  const { message, place } = faultOf(error);
  return place === null ? message : `${message} (line ${place.line}, column ${place.column})`;
}
