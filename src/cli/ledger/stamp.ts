import { rfc3339 } from '../../lib/rfc3339.ts';

/** A part of a file's name, `20260504T100211Z`: sorts by time, and needs no quotes in a shell. */
export function stampOf(ms: number): string {
  return rfc3339(Math.trunc(ms / 1000) * 1000).replaceAll(/[-:]|\.000/g, '');
}
