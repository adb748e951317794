/**
 * Scans the operational log lines of a test for leaks: no address, no token and no key in any encoding. The code that
 * starts a service passes its lines here. The scan runs after the test, when the service has stopped.
 */
import { expect, onTestFinished } from 'vitest';
import { disguises } from '../key-disguises.ts';

/**
 * Takes operational lines of the current test, or until `closeBy` runs. `keys` are the upstream keys of the service, or
 * return them when all lines are there.
 */
export function keepOperationalLines(
  keys: readonly string[] | (() => readonly string[]),
  closeBy: (scan: () => void) => void = onTestFinished,
): (line: string) => void {
  const lines: string[] = [];
  closeBy(() => {
    const all = typeof keys === 'function' ? keys() : keys;
    expect(lines.flatMap((line) => leaksOf(line, all).map((leak) => `${leak}: ${line}`))).toEqual([]);
  });
  return (line) => void lines.push(line);
}

/** Takes the stdout lines of a process. Audit lines are not scanned, because they hold addresses on purpose. */
export function keepOutputLines(keys: readonly string[]): (line: string) => void {
  const keep = keepOperationalLines(keys);
  return (line) => {
    if (!line.includes('"channel":"audit"')) keep(line);
  };
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
