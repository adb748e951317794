/** Measures all curves (curves.ts), and says which of them grow faster than they may. */
import { startBackdrop } from '../load/backdrop.ts';
import { saturate } from '../load/generator.ts';
import { createInviteRequests } from '../load/invite-requests.ts';
import type { GrowthResult, Point } from '../results.ts';
import { describeRun } from '../results.ts';
import { freePort } from '../../test/support/servers/free-port.ts';
import { startSide } from '../sides/process.ts';
import { serviceSide } from '../sides/service.ts';
import { CURVES, growthOf, isAsPromised } from './curves.ts';
import type { CurveId } from './curves.ts';
import { measureLedgerCurves } from './ledger-curves.ts';
import { measurePolicyCurves } from './policy-curves.ts';

interface GrowthOptions {
  readonly folder: string;
  readonly isQuick: boolean;
}

export async function measureGrowth(options: GrowthOptions, print: (line: string) => void): Promise<GrowthResult> {
  const curves: Partial<Record<CurveId, readonly Point[]>> = {
    'request-addresses': await measureAddresses(options),
    ...measurePolicyCurves(options.isQuick),
    ...measureLedgerCurves(options, print),
  };
  for (const { id, growth } of CURVES) {
    const points = curves[id] ?? [];
    const { exponent, multiple } = growthOf(points);
    const verdict = isAsPromised(growth, points) ? growth : `NOT ${growth}`;
    const text = points.map(([size, cost]) => `${size}: ${cost.toPrecision(3)}`).join(', ');
    print(`${id.padEnd(18)} ${verdict.padEnd(10)} exponent ${exponent.toFixed(2)}, × ${multiple.toFixed(1)}; ${text}`);
  }
  return { run: describeRun(options.isQuick), curves };
}

const ADDRESSES = [1, 10, 50, 100, 250, 500] as const;
const CONNECTIONS = 16;

/** The price of a whole request, so parsing, policy, quotas, record and delivery. */
async function measureAddresses({ folder, isQuick }: GrowthOptions): Promise<Point[]> {
  const backdrop = await startBackdrop();
  const port = await freePort();
  const side = await startSide(serviceSide({ port, folder, backdrop }), port);
  try {
    const points: Point[] = [];
    const run = async (addresses: number, requests: number, durationMs: number): Promise<number> => {
      const nextRequest = createInviteRequests({ tokens: backdrop.tokens, addresses });
      const from = side.cpuUs();
      const measured = await saturate({ port, nextRequest }, { connections: CONNECTIONS, requests, durationMs });
      if (measured.failures > 0) throw new Error(`${measured.failures} answers were no 200`);
      return (side.cpuUs() - from) / measured.answers;
    };
    await run(1, isQuick ? 2_000 : 20_000, 40_000);
    for (const addresses of ADDRESSES) {
      await run(addresses, isQuick ? 50 : 500, 5_000);
      points.push([addresses, await run(addresses, Infinity, isQuick ? 1_000 : 4_000)]);
    }
    return points;
  } finally {
    await side.stop();
    backdrop.close();
  }
}
