/**
 * Writes a file that does not exist yet, whole or not at all. It never replaces one: not a file that another program
 * creates at the same moment either. The message of a failure is half a sentence about the file.
 */
import { writeFile } from 'node:fs/promises';
import { thrownCode } from '../../lib/thrown.ts';

export class NewTextFileError extends Error {
  override readonly name = 'NewTextFileError';
}

/** Rejects with a NewTextFileError. */
export async function writeNewText(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'wx' }).catch((error: unknown) => {
    const code = thrownCode(error) ?? 'unknown problem';
    throw new NewTextFileError(
      code === 'EEXIST' ? 'is there already, and is never replaced' : `cannot be written (${code})`,
      { cause: error },
    );
  });
}
