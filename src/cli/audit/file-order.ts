/**
 * Opens several files of lines, and puts them in the order of the first records in them: rotated files are often named
 * newest first, and the order of arguments says nothing about a trail. Each file is opened once and not read twice, so a
 * pipe will do. A file without a record keeps its place, and all do when the first record of one is too far inside.
 */
import type { RawLine } from '../../audit/line-forms/read-line.ts';
import { readLines } from './line-files.ts';
import type { AuditPorts } from './ports.ts';

export interface LineFile {
  readonly file: string;
  readonly lines: AsyncIterable<RawLine> | Iterable<RawLine>;
}

interface Begun extends LineFile {
  readonly order: number | 'none' | 'far';
}

const MAX_LINES_BEFORE = 50_000;
const MAX_LENGTH_BEFORE = 32 * 1024 * 1024;
/** The number of a record or a checkpoint, with as many backslashes as wrappers put before a quote. */
const NUMBER = /"(?:seq|count)\\*":\s*(\d{1,16})\b/;
const OPERATIONAL = /"channel\\*":\s*\\*"ops/;

export async function inOrder(
  files: readonly string[],
  ports: Pick<AuditPorts, 'readBytes'>,
): Promise<readonly LineFile[]> {
  if (files.length < 2) return files.map((file) => ({ file, lines: readLines(file, ports) }));
  const begun: Begun[] = [];
  for (const file of files) begun.push(await begin(file, readLines(file, ports)));
  if (begun.some(({ order }) => order === 'far')) return begun;
  const sorted = begun
    .filter(({ order }) => typeof order === 'number')
    .toSorted((a, b) => Number(a.order) - Number(b.order));
  return begun.map((one) => (typeof one.order === 'number' ? (sorted.shift() ?? one) : one));
}

async function begin(file: string, rest: AsyncGenerator<RawLine>): Promise<Begun> {
  const before: RawLine[] = [];
  let length = 0;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
    const { text } = next.value;
    before.push(next.value);
    length += text.length;
    const number = OPERATIONAL.test(text) ? undefined : NUMBER.exec(text)?.[1];
    if (number !== undefined) return { file, lines: chained(before, rest), order: Number(number) };
    if (before.length >= MAX_LINES_BEFORE || length >= MAX_LENGTH_BEFORE)
      return { file, lines: chained(before, rest), order: 'far' };
  }
  return { file, lines: before, order: 'none' };
}

async function* chained(before: readonly RawLine[], rest: AsyncGenerator<RawLine>): AsyncGenerator<RawLine> {
  yield* before;
  yield* rest;
}
