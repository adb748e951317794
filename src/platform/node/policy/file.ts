/**
 * Reads a policy file once. Every problem of the file itself (missing, a folder, too large, not text) is a result and
 * not an exception, because a caller that polls handles both in the same place. It follows symbolic links and does not
 * judge the policy.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { thrownCode } from '../../../lib/thrown.ts';

export type PolicyFileRead =
  /**
   * `file` identifies the file: it changes when another file takes the name, and not when the file is written in place.
   */
  | { readonly kind: 'text'; readonly text: string; readonly file: string }
  | { readonly kind: 'unreadable'; readonly message: string };

/** The loader accepts 4 Mi UTF-16 units; a text of that length is never longer in UTF-8. */
const MAX_BYTES = 12 * 1024 * 1024;

/** Never rejects. */
export async function readPolicyFile(path: string): Promise<PolicyFileRead> {
  try {
    // Without O_NONBLOCK, opening a named pipe waits for a writer.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat({ bigint: true });
    if (!stat.isFile()) return unreadable('the path is not that of a file');
    if (stat.size > MAX_BYTES) return unreadable(`the file is longer than ${MAX_BYTES} bytes`);
    const text = decode(await file.readFile());
    return text === null
      ? unreadable('the file is not UTF-8')
      : { kind: 'text', text, file: `${stat.dev}:${stat.ino}` };
  } catch (error) {
    return unreadable(`the file cannot be read (${thrownCode(error) ?? 'unknown error'})`);
  }
}

/** Null when the bytes are not UTF-8. The decoder is stateful, so each text has a new one. */
function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function unreadable(message: string): PolicyFileRead {
  return { kind: 'unreadable', message };
}
