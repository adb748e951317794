import { setTimeout as delay } from 'node:timers/promises';

/**
 * Starts `count` requests at a steady rate, whatever becomes of the ones before: the load of many callers. A machine that is too
 * slow starts the late ones at once. Resolves with how often each ending occurred, when all have ended.
 */
export async function steadyLoad(
  { count, ratePerS }: { readonly count: number; readonly ratePerS: number },
  /** Resolves with the name of the ending. */
  send: (n: number) => Promise<string>,
): Promise<Readonly<Record<string, number>>> {
  const startedMs = performance.now();
  const endings: Promise<string>[] = [];
  while (endings.length < count) {
    const due = Math.min(count, Math.ceil(((performance.now() - startedMs) * ratePerS) / 1000));
    while (endings.length < due) endings.push(send(endings.length));
    await delay(1000 / ratePerS);
  }
  const counts: Record<string, number> = {};
  for (const ending of await Promise.all(endings)) counts[ending] = (counts[ending] ?? 0) + 1;
  return counts;
}
