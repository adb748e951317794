import type { Run } from '../results.ts';

/** The day and the machine, in a sentence. */
export function describeRun({ day, node, processor, cores, system, isPinned, isQuick }: Run): string {
  const quick = isQuick ? ' **A quick run: too few samples to compare anything.**' : '';
  const pinned = isPinned ? '' : ' Without a processor for each side.';
  return `Measured on ${day}: Node ${node.slice(1)}, ${cores} cores of ${processor}, ${system}.${pinned}${quick}`;
}
