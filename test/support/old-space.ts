import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { readonly type: 'minor' | 'major' }) => void;

/** A young garbage collection: what has survived two of them is old, and only a full one frees it. */
export function collectYoung(): void {
  collect({ type: 'minor' });
}

/** Bytes of objects that young garbage collections no longer look at. */
export function oldBytes(): number {
  const spaces = getHeapSpaceStatistics();
  return spaces.find(({ space_name: name }) => name === 'old_space')?.space_used_size ?? 0;
}
