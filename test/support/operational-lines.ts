/**
 * Scans the operational log lines of a test for leaks: no address, no token and no key in any encoding. The code that
 * starts a service passes its lines here. The scan runs after each test of the file.
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

/** `keys` are the upstream keys of the service. */
export function keepOperationalLine(line: string, keys: readonly string[]): void {
  kept.push({ line, keys });
}

/** Keeps a line of a process's stdout. Audit lines are not kept, because they hold addresses on purpose. */
export function keepOutputLine(line: string, keys: readonly string[]): void {
  if (!line.includes('"channel":"audit"')) keepOperationalLine(line, keys);
}

/** Names the leaks in a line. An operational line never needs an `@`, in any spelling. */
export function leaksOf(line: string, keys: readonly string[]): string[] {
  return [
    ...(/@|%40|\\u0040|＠/i.test(line) ? ['address'] : []),
    ...(/hmac-sha256:/.test(line) ? ['address in its HMAC form'] : []),
    ...(/eyJ[\w-]{8,}|bearer\s+\S{8,}/i.test(line) ? ['token'] : []),
    ...keys.flatMap((key) => disguises(key).flatMap(([name, text]) => (line.includes(text) ? [`key (${name})`] : []))),
  ];
}
