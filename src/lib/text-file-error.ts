/**
 * Why a text file cannot be used, and the words for it. The reading itself is in platform/node/text-file.ts. The words
 * are here because the service, `loadConfig` and the check tools all use them. Invariant: no message holds the path or
 * the contents of the file.
 */
export type TextFileFault = 'not_a_file' | 'too_large' | 'not_utf8' | 'not_readable';

/** `message` is the second half of a sentence about the file: "is not UTF-8", "cannot be read (ENOENT)". */
export class TextFileError extends Error {
  override readonly name = 'TextFileError';
  readonly reason: TextFileFault;

  constructor(reason: TextFileFault, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The fault of a failed read. The message of any other error may hold the path, so it is not used. */
export function textFileFault(error: unknown): Pick<TextFileError, 'reason' | 'message'> {
  return error instanceof TextFileError ? error : { reason: 'not_readable', message: 'cannot be read' };
}

/** The problem as a sentence about the file: "the file cannot be read (ENOENT)". */
export function textFileProblem(error: unknown): string {
  const { reason, message } = textFileFault(error);
  return reason === 'not_a_file' ? 'the path is not that of a file' : `the file ${message}`;
}

/** The problem after the name of the setting that holds the path: "names a file that cannot be read (ENOENT)". */
export function namedTextFileProblem(error: unknown): string {
  const { reason, message } = textFileFault(error);
  return reason === 'not_a_file' ? 'names what is not a file' : `names a file that ${message}`;
}
