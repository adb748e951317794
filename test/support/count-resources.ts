import { createHook } from 'node:async_hooks';

/**
 * Counts what Node makes while `run` runs, by the type names of async_hooks: `PROMISE`, `Timeout`, `Immediate`, … For
 * guards of costs that depend on no machine.
 */
export async function countResources(run: () => unknown): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  const hook = createHook({
    init: (_id, type) => void counts.set(type, (counts.get(type) ?? 0) + 1),
  }).enable();
  try {
    await run();
  } finally {
    hook.disable();
  }
  return counts;
}
