/**
 * Every operational log line that a test brings about, searched: no address, no token, no key in any rendering. Whoever
 * starts a service hands its lines over; the search runs after each test of the file, over all that came.
 */
import { afterEach, expect } from 'vitest';
import { disguises } from './key-disguises.ts';

interface Kept {
  readonly line: string;
  readonly keys: readonly string[];
}

const kept: Kept[] = [];

afterEach(() => {
  const leaks = kept.splice(0).flatMap(({ line, keys }) => leaksOf(line, keys).map((leak) => `${leak}: ${line}`));
  expect(leaks).toEqual([]);
});

/** `keys` are the upstream keys that the service had. */
export function keepOperationalLine(line: string, keys: readonly string[]): void {
  kept.push({ line, keys });
}

/** Keeps a line of a process's stdout, unless it is an audit line: those hold addresses on purpose. */
export function keepOutputLine(line: string, keys: readonly string[]): void {
  if (!line.includes('"channel":"audit"')) keepOperationalLine(line, keys);
}

/** What the line gives away. No operational line has any business with an `@`, in whatever spelling. */
export function leaksOf(line: string, keys: readonly string[]): string[] {
  return [
    ...(/@|%40|\\u0040|＠/i.test(line) ? ['address'] : []),
    ...(/hmac-sha256:/.test(line) ? ['address in its HMAC form'] : []),
    ...(/eyJ[\w-]{8,}|bearer\s+\S{8,}/i.test(line) ? ['token'] : []),
    ...keys.flatMap((key) => disguises(key).flatMap(([name, text]) => (line.includes(text) ? [`key (${name})`] : []))),
  ];
}
