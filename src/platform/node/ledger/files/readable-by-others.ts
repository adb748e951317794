import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * The files of a ledger that other users of the machine may read: the database, its log and its index, and what was
 * copied or kept beside it. They hold people's addresses. The service and the commands create them for their owner only.
 * A file in a folder that others may not enter is not listed. Folders further up are not looked at.
 */
export async function readableByOthers(path: string): Promise<readonly string[]> {
  const folder = dirname(path);
  const names = await readdir(folder).catch(() => []);
  const isOpen = await hasMode(folder, ENTER);
  if (!isOpen) return [];
  const found: string[] = [];
  for (const name of names.filter((one) => one.startsWith(basename(path)) && !one.endsWith('-lock')).toSorted()) {
    if (await hasMode(join(folder, name), READ)) found.push(join(folder, name));
  }
  return found.slice(0, MAX_FILES);
}

const MAX_FILES = 20;
/** Of the group and of all others. */
const READ = 0o044;
const ENTER = 0o011;

async function hasMode(path: string, mode: number): Promise<boolean> {
  return stat(path).then(
    (found) => (found.mode & mode) !== 0,
    () => false,
  );
}
