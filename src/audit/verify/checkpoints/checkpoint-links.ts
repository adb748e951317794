import type { Branches } from '../branches/branches.ts';
import type { Findings, Place } from '../findings.ts';

/**
 * The links between the checkpoints of a trail: each states the digest of the one before it. Finds where one is gone. After
 * a restore there are several checkpoints before one, so there a link is sound when it leads to any checkpoint that is
 * here, and the first one of a branch is not judged: what it continues may never have been delivered.
 */
export interface CheckpointLink {
  readonly count: number;
  readonly head: string;
  readonly digest: string;
  /** The digest of the checkpoint before; null: it is the first. */
  readonly previous: string | null;
  readonly place: Place;
}

export interface LinkDeps {
  readonly branches: Pick<Branches, 'holding' | 'restores'>;
  readonly findings: Findings;
  /** The first checkpoint must continue none. */
  readonly fromBeginning: boolean;
  /** Whether another finding already explains that a checkpoint between the two is missing. */
  readonly isExplained: (after: number, before: number) => boolean;
}

interface Before {
  readonly count: number;
  readonly digest: string | null;
}

export function findCheckpointGaps(links: readonly CheckpointLink[], deps: LinkDeps): void {
  const { branches, findings, fromBeginning, isExplained } = deps;
  const isRestored = branches.restores().length > 0;
  const digests = new Set(links.map(({ digest }) => digest));
  const start: Before | null = fromBeginning ? { count: 0, digest: null } : null;
  const groups = isRestored ? Map.groupBy(links, ({ count, head }) => branches.holding(count, head)) : [[null, links]];
  for (const [, group] of groups as Iterable<readonly [unknown, readonly CheckpointLink[]]>) {
    let before = isRestored ? null : start;
    for (const { count, digest, previous, place } of group.toSorted((a, b) => a.count - b.count)) {
      const isSound =
        before === null || previous === before.digest || (isRestored && previous !== null && digests.has(previous));
      if (!isSound && before !== null && !isExplained(before.count, count))
        findings.add({ kind: 'checkpoint_gap', seq: count, place });
      before = { count, digest };
    }
  }
}
