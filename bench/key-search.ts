/**
 * Measures the search for the upstream key by the size and the kind of an answer. The time must grow with the size
 * only, however the escapes in the answer are nested. Prints a Markdown table. It is not a test: the figures depend on
 * the machine.
 * Run: node bench/key-search.ts
 */
import { cpus } from 'node:os';
import { Secret } from '../src/lib/secret.ts';
import { createKeySearch } from '../src/upstream/api-keys.ts';
import { microseconds } from './growth/cpu-time.ts';

const SIZES = [64, 512];

const holdsKey = createKeySearch([new Secret('bench-key-0f3c9a7e5b1d2468')]);

const filled = (length: number, part: string): string => part.repeat(Math.ceil(length / part.length)).slice(0, length);
const TEXTS: readonly (readonly [name: string, make: (length: number) => string])[] = [
  ['plain text', (length) => filled(length, 'an ordinary answer, ')],
  ['text with escapes', (length) => filled(length, 'caf\\u00e9 %20 &amp; "quoted\\" ')],
  ['`%25` in `%25`', (length) => `%${filled(length, '25')}`],
  ['`%3%3%3…`', (length) => `${filled(length, '%3')}%31`],
  ['`&amp;amp;amp;…`', (length) => `&${filled(length, 'amp;')}`],
  ['semicolons behind names', (length) => filled(length, `${'a'.repeat(40)};`)],
  ['backslashes', (length) => filled(length, '\\')],
  ['12-character pieces, nearly', (length) => filled(length, 'bench-key-0x')],
];

function milliseconds(text: string): number {
  if (holdsKey(text)) throw new Error('the text holds the key');
  return microseconds(() => holdsKey(text)) / 1000;
}

process.stdout.write(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}\n\n`);
process.stdout.write(
  `| answer | ${SIZES.map((size) => `${size} KiB, ms`).join(' | ')} |\n|---|${'---:|'.repeat(SIZES.length)}\n`,
);
for (const [name, make] of TEXTS) {
  const times = SIZES.map((size) => milliseconds(make(size * 1024)).toFixed(2));
  process.stdout.write(`| ${name} | ${times.join(' | ')} |\n`);
}
