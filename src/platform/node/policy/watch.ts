/**
 * Calls back when a file may have changed. It watches the folder of the file: a watch on the file itself stays with the
 * old file when an editor renames a new one over it, and gets no event from Kubernetes, which swaps the link `..data`
 * beside it. It may call back without a change. Where the system offers no watch, it logs that once; the caller must
 * poll as well.
 */
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { basename, dirname } from 'node:path';
import { thrownName } from '../../../lib/thrown.ts';
import type { Logger } from '../../../ports/logger.ts';

/** The prefix of Kubernetes' own entries in a mounted ConfigMap or Secret. */
const KUBERNETES_ENTRY = '..';

/** Returns the function that ends the watch. It keeps no process alive and throws nothing. */
export function watchFile(path: string, onChange: () => void, logger: Logger): () => void {
  const name = basename(path);
  const unavailable = (error: unknown): void => logger.warn('policy_watch_unavailable', { error: thrownName(error) });
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
