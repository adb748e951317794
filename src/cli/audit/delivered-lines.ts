/**
 * Reads files of delivered lines as one trail, in any form that a runtime, a collector or a log store gives them, and
 * counts what it read. A line that carries nothing of the service is counted by what it is. Messages name a line by its
 * file and number and never quote it.
 */
import { createLineReader } from '../../audit/line-forms/line-reader.ts';
import type { ReadLine } from '../../audit/line-forms/read-line.ts';
import type { OtherLine } from '../../audit/line-forms/other-lines.ts';
import type { KeptCheckpoint } from '../../audit/verify/checkpoints/checkpoints.ts';
import { placeText } from '../../audit/verify/findings.ts';
import type { TrailLine } from '../../audit/verify/verify-trail.ts';
import { CommandError } from '../command-line/command-error.ts';
import { inOrder } from './file-order.ts';
import { nameOf } from './line-files.ts';
import type { AuditPorts } from './ports.ts';

export interface DeliveredLines {
  readonly lines: AsyncIterable<TrailLine>;
  /** Complete when all lines were read. */
  tally(): LineTally;
}

export interface LineTally {
  /** In the order in which they were read. */
  readonly files: readonly string[];
  /** All lines that are not empty. */
  readonly lines: number;
  /** The lines of the trail, by what was around them: `plain`, or the names of the forms, the outermost first. */
  readonly forms: readonly { readonly form: string; readonly lines: number }[];
  /** The other lines, by what they are. None of them is a fault. */
  readonly others: readonly { readonly what: OtherLine; readonly lines: number; readonly first: string }[];
}

export function linesIn(counts: readonly { readonly lines: number }[]): number {
  return counts.reduce((sum, { lines }) => sum + lines, 0);
}

/** A hostile stream must not make the list of forms long. */
const MAX_FORMS = 100;

export function readDeliveredLines(files: readonly string[], ports: Pick<AuditPorts, 'readBytes'>): DeliveredLines {
  const counts = createCounts();
  const read: string[] = [];
  async function* readAll(): AsyncGenerator<TrailLine> {
    const reader = createLineReader();
    for (const { file, lines } of await inOrder(files, ports)) {
      read.push(nameOf(file));
      const prefix = `${nameOf(file)}:`;
      let at = 0;
      for await (const line of lines) {
        at += 1;
        if (line.text === '' && line.fault === null) continue;
        counts.line();
        yield* counts.add(reader.take(line, { prefix, at }));
      }
    }
    yield* counts.add(reader.end());
  }
  return { lines: readAll(), tally: () => ({ files: read, ...counts.tally() }) };
}

function createCounts(): {
  line(): void;
  /** Counts all, and gives the lines of the trail. */
  add(read: readonly ReadLine[]): Iterable<TrailLine>;
  tally(): Omit<LineTally, 'files'>;
} {
  let all = 0;
  const forms = new Map<string, number>();
  const others = new Map<OtherLine, { lines: number; readonly first: string }>();

  return {
    line: () => void (all += 1),
    *add(read) {
      for (const one of read) {
        const { place, lines } = one;
        if (one.kind === 'item') {
          const name = one.forms.length === 0 ? 'plain' : one.forms.join(' + ');
          const form = forms.has(name) || forms.size < MAX_FORMS ? name : 'several';
          forms.set(form, (forms.get(form) ?? 0) + lines);
          yield { item: one.item, place, position: null, isNewer: one.isNewer, native: one.native };
          continue;
        }
        const before = others.get(one.what);
        if (before === undefined) others.set(one.what, { lines, first: placeText(place) });
        else before.lines += lines;
      }
    },
    tally: () => ({
      lines: all,
      forms: [...forms].map(([form, lines]) => ({ form, lines })),
      others: [...others].map(([what, { lines, first }]) => ({ what, lines, first })),
    }),
  };
}

/** The checkpoints in these files. Records and other lines are ignored. Rejects when a file has no sound checkpoint. */
export async function readKeptCheckpoints(
  files: readonly string[],
  ports: Pick<AuditPorts, 'readBytes'>,
): Promise<readonly KeptCheckpoint[]> {
  const kept: KeptCheckpoint[] = [];
  for (const file of files) {
    const before = kept.length;
    for await (const { item, place } of readDeliveredLines([file], ports).lines) {
      if (item.kind === 'checkpoint') kept.push({ checkpoint: item.checkpoint, digest: item.digest, place });
      if (item.kind === 'damaged' && (item.what === 'checkpoint' || item.what === 'text'))
        throw new CommandError('refused', `${placeText(place)} is a damaged checkpoint`);
    }
    if (kept.length === before) throw new CommandError('refused', `${nameOf(file)} holds no checkpoint`);
  }
  return kept;
}
