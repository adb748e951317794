/**
 * Measures the service beside its peers: in each round every side once, in a new order, each in a fresh process. A process
 * is warmed by requests and not by seconds, because a slow side would be measured colder than a fast one.
 */
import { createInviteRequests } from '../load/invite-requests.ts';
import { startBackdrop } from '../load/backdrop.ts';
import type { Load, Measured } from '../load/generator.ts';
import { arrive, quantileMs, saturate } from '../load/generator.ts';
import type { LoadSample, SideSample, SidesResult } from '../results.ts';
import { describeRun } from '../results.ts';
import type { Place } from './peers.ts';
import { installPeers, PEERS } from './peers.ts';
import type { RunningSide, SideCommand } from './process.ts';
import { freePort } from '../../test/support/servers/free-port.ts';
import { busyShare, ownCoreTicks, startSide } from './process.ts';
import { serviceSide } from './service.ts';
import { shuffled } from './shuffled.ts';

interface Side {
  readonly command: (place: Place) => SideCommand | null;
  readonly hasKey?: boolean;
}

const SIDES: Readonly<Record<string, Side>> = {
  service: { command: serviceSide },
  'service-key': { command: serviceSide, hasKey: true },
  ...Object.fromEntries(Object.entries(PEERS).map(([name, { side }]) => [name, { command: side }])),
};

const CONNECTIONS = 64;
const RATES = [200, 1_000] as const;
const SIZES = {
  full: { rounds: 5, warmUpRequests: 20_000, seconds: 4, openSeconds: 4, budgetS: 650 },
  quick: { rounds: 1, warmUpRequests: 3_000, seconds: 1.5, openSeconds: 1.5, budgetS: 80 },
} as const;
/** No side warms up longer, however slow it is. */
const MAX_WARM_UP_MS = 40_000;

export async function measureSides(
  { folder, isQuick }: { readonly folder: string; readonly isQuick: boolean },
  print: (line: string) => void,
): Promise<SidesResult> {
  installPeers();
  const { rounds, warmUpRequests, seconds, openSeconds, budgetS } = isQuick ? SIZES.quick : SIZES.full;
  const startedAtMs = performance.now();
  const backdrop = await startBackdrop();
  const samples: SideSample[] = [];
  try {
    for (let round = 1; round <= rounds; round += 1) {
      // A round that cannot end in time would leave sides with fewer samples than others.
      const spentS = (performance.now() - startedAtMs) / 1000;
      if (round > 1 && spentS + spentS / (round - 1) > budgetS) {
        print(`stopped after ${round - 1} rounds: another one would take too long`);
        break;
      }
      for (const name of shuffled(Object.keys(SIDES))) {
        const place = { port: await freePort(), folder, backdrop };
        const command = SIDES[name]?.command(place) ?? null;
        if (command === null) {
          if (round === 1) print(`${name} is not installed here`);
          continue;
        }
        const load: Load = {
          port: place.port,
          nextRequest: createInviteRequests({ tokens: backdrop.tokens, hasKey: SIDES[name]?.hasKey ?? false }),
        };
        const running = await startSide(command, place.port);
        try {
          const sample = await measureSide(running, load, { warmUpRequests, seconds, openSeconds });
          samples.push({ side: name, round, ...sample });
          print(lineOf(samples.at(-1)));
        } finally {
          await running.stop();
        }
      }
    }
  } finally {
    backdrop.close();
  }
  return { run: describeRun(isQuick), warmUpRequests, connections: CONNECTIONS, seconds, rates: RATES, samples };
}

async function measureSide(
  running: RunningSide,
  load: Load,
  sizes: { readonly warmUpRequests: number; readonly seconds: number; readonly openSeconds: number },
): Promise<Omit<SideSample, 'side' | 'round'>> {
  await saturate(load, { connections: CONNECTIONS, requests: sizes.warmUpRequests, durationMs: MAX_WARM_UP_MS });
  const before = ownCoreTicks();
  const saturated = await sampled(running, () =>
    saturate(load, { connections: CONNECTIONS, durationMs: sizes.seconds * 1000 }),
  );
  const generatorBusy = busyShare(before);
  const open: LoadSample[] = [];
  for (const perSecond of RATES) {
    open.push(await sampled(running, () => arrive(load, { perSecond, durationMs: sizes.openSeconds * 1000 })));
  }
  return { saturated, generatorBusy, open, peakMiB: running.memory().peakMiB };
}

async function sampled(running: RunningSide, measure: () => Promise<Measured>): Promise<LoadSample> {
  const cpuUs = running.cpuUs();
  const measured = await measure();
  const { answers, failures, elapsedMs, lateShare } = measured;
  if (failures > 0 || answers === 0) throw new Error(`${failures} of ${answers} answers were no 200`);
  return {
    perSecond: answers / (elapsedMs / 1000),
    cpuUs: (running.cpuUs() - cpuUs) / answers,
    p50Ms: quantileMs(measured, 0.5),
    p99Ms: quantileMs(measured, 0.99),
    lateShare,
  };
}

function lineOf(sample: SideSample | undefined): string {
  if (sample === undefined) return '';
  const { side, round, saturated, open, peakMiB, generatorBusy } = sample;
  const tails = open.map(
    ({ p50Ms, p99Ms }, n) => `${RATES[n] ?? ''}/s p50 ${p50Ms.toFixed(1)} p99 ${p99Ms.toFixed(1)}`,
  );
  return (
    `round ${round}  ${side.padEnd(14)} ${saturated.perSecond.toFixed(0).padStart(6)}/s ${saturated.cpuUs.toFixed(0).padStart(5)} µs ` +
    `p50 ${saturated.p50Ms.toFixed(1)} p99 ${saturated.p99Ms.toFixed(1)} ms; ${tails.join('; ')}; ` +
    `${peakMiB.toFixed(0)} MiB; generator ${(100 * generatorBusy).toFixed(0)} % busy`
  );
}
