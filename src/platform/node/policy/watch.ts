/**
 * Tells when a file may have changed. Watches its folder: a watch on the file itself follows the old one when an editor
 * renames a new one into its place, and never hears of Kubernetes, which swaps the link `..data` beside it. It tells
 * too often rather than too seldom, and where the system offers no watch it says so once; who listens polls, too.
 */
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Logger } from '../../../ports/logger.ts';

/** Kubernetes' own entries in a mounted ConfigMap or Secret begin so. */
const KUBERNETES_ENTRY = '..';

/** The returned function ends it. Keeps no process alive, and throws nothing. */
export function watchFile(path: string, onChange: () => void, logger: Logger): () => void {
  const name = basename(path);
  const unavailable = (error: unknown): void =>
    logger.warn('policy_watch_unavailable', { error: error instanceof Error ? error.name : 'unknown' });
  let watcher: FSWatcher;
  try {
    watcher = watch(dirname(path), { persistent: false });
  } catch (error) {
    unavailable(error);
    return () => undefined;
  }
  watcher.on('change', (_event, entry: string | Buffer | null) => {
    if (entry === null || String(entry) === name || String(entry).startsWith(KUBERNETES_ENTRY)) onChange();
  });
  watcher.on('error', (error) => {
    unavailable(error);
    watcher.close();
  });
  return () => watcher.close();
}
