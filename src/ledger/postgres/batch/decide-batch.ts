import type { Head } from '../head.ts';
import { createBatchSteps } from './steps.ts';
import type { BatchSteps, BatchStepsDeps } from './steps.ts';
import { createWorkingSet } from './working-set.ts';
import type { SetChanges, SetRows } from './working-set.ts';

/**
 * Decides all steps of a batch in memory, in their order: a later one sees what an earlier one has changed. A step that throws
 * by itself fails alone, and changes nothing.
 */
export interface DecidedBatch<Step> {
  readonly results: readonly (readonly [Step, unknown])[];
  readonly failures: readonly (readonly [Step, unknown])[];
  readonly changes: SetChanges;
}

export function decideBatch<Step extends { readonly decide: (steps: BatchSteps) => unknown }>(
  batch: readonly Step[],
  { stored, nowMs, rows }: { readonly stored: Head; readonly nowMs: number; readonly rows: SetRows },
  deps: BatchStepsDeps,
): DecidedBatch<Step> {
  const failures: [Step, unknown][] = [];
  for (;;) {
    const set = createWorkingSet(stored, nowMs, rows);
    const steps = createBatchSteps(set, deps);
    const failed = new Set(failures.map(([step]) => step));
    const results: [Step, unknown][] = [];
    let failure: [Step, unknown] | null = null;
    for (const step of batch) {
      if (failed.has(step)) continue;
      try {
        results.push([step, step.decide(steps)]);
      } catch (error) {
        failure = [step, error];
        break;
      }
    }
    if (failure === null) {
      steps.end();
      return { results, failures, changes: set.changes };
    }
    // What it has changed is forgotten with the set.
    failures.push(failure);
  }
}
