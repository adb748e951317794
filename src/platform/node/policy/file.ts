/**
 * One look at a policy file. Everything that can be wrong with a file as such (gone, a folder, too large, not text) is
 * an answer and no exception, so that whoever looks again and again needs no second way out. Follows links.
 */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';

export type PolicyFileRead =
  /** `file` tells one file from another under the same name; a write in place leaves it as it is. */
  | { readonly kind: 'text'; readonly text: string; readonly file: string }
  | { readonly kind: 'unreadable'; readonly message: string };

/** The loader takes 4 Mi UTF-16 units; no text of that many is longer in UTF-8. */
const MAX_BYTES = 12 * 1024 * 1024;

/** Never rejects. */
export async function readPolicyFile(path: string): Promise<PolicyFileRead> {
  try {
    // Without O_NONBLOCK, opening a pipe waits for somebody to write.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = await file.stat({ bigint: true });
    if (!stat.isFile()) return unreadable('the path is not that of a file');
    if (stat.size > MAX_BYTES) return unreadable(`the file is longer than ${MAX_BYTES} bytes`);
    const text = decode(await file.readFile());
    return text === null
      ? unreadable('the file is not UTF-8')
      : { kind: 'text', text, file: `${stat.dev}:${stat.ino}` };
  } catch (error) {
    return unreadable(`the file cannot be read (${codeOf(error)})`);
  }
}

/** Null for what is not UTF-8. The decoder keeps a state, so each text has its own. */
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

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
}
