/** Measures the memory of the service over a million invites: it must not grow with what it has served. */
import { startBackdrop } from '../load/backdrop.ts';
import { saturate } from '../load/generator.ts';
import { createInviteRequests } from '../load/invite-requests.ts';
import type { MemoryResult, Point } from '../results.ts';
import { describeRun } from '../results.ts';
import { freePort } from '../../test/support/servers/free-port.ts';
import { startSide } from '../sides/process.ts';
import { serviceSide } from '../sides/service.ts';

const CONNECTIONS = 64;
const SAMPLES = 40;
/** Ends the run on a slow machine; the page says how many requests there were. */
const BUDGET_MS = 12 * 60_000;

export async function measureMemory(
  { folder, isQuick }: { readonly folder: string; readonly isQuick: boolean },
  print: (line: string) => void,
): Promise<MemoryResult> {
  const requests = isQuick ? 20_000 : 1_000_000;
  const backdrop = await startBackdrop();
  const port = await freePort();
  // A million invites are four gigabytes of lines.
  const side = await startSide(serviceSide({ port, folder, backdrop }, { keepsStdout: false }), port);
  const points: Point[] = [];
  try {
    const endsAtMs = performance.now() + BUDGET_MS;
    const nextRequest = createInviteRequests({ tokens: backdrop.tokens });
    for (let done = 0; done < requests && performance.now() < endsAtMs;) {
      const measured = await saturate(
        { port, nextRequest },
        { connections: CONNECTIONS, requests: requests / SAMPLES },
      );
      if (measured.failures > 0) throw new Error(`${measured.failures} answers were no 200`);
      done += measured.answers;
      points.push([done, side.memory().residentMiB]);
      print(`${done.toLocaleString('en')} invites: ${side.memory().residentMiB.toFixed(0)} MiB`);
    }
  } finally {
    await side.stop();
    backdrop.close();
  }
  return { run: describeRun(isQuick), points };
}
