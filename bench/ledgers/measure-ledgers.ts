/**
 * Measures the service on SQLite, and with one and two replicas on one PostgreSQL server, in the same run: in each round
 * every side once, in a new order, with fresh processes and files. All processes share all processors, the database server
 * included, so the rate is that of this machine alone; the CPU time of replicas and server per invite says more about
 * another one. At last, what an invite costs on the way to the database is counted on the wire.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startPostgres } from '../../test/support/postgres/postgres-server.ts';
import type { PostgresServer } from '../../test/support/postgres/postgres-server.ts';
import { startWireCounter } from '../../test/support/postgres/wire-counter.ts';
import { freePort } from '../../test/support/servers/free-port.ts';
import type { Backdrop } from '../load/backdrop.ts';
import { startBackdrop } from '../load/backdrop.ts';
import type { Load, Measured } from '../load/generator.ts';
import { arrive, quantileMs, saturate } from '../load/generator.ts';
import { createInviteRequests } from '../load/invite-requests.ts';
import type { LedgerLoad, LedgerSample, LedgersResult, WireSample } from '../results.ts';
import { describeRun } from '../results.ts';
import { cpuUsOf, startSide } from '../sides/process.ts';
import type { RunningSide } from '../sides/process.ts';
import { shuffled } from '../sides/shuffled.ts';
import { serviceSide } from '../sides/service.ts';

const SIDES = { sqlite: 0, postgres: 1, 'postgres-2': 2 } as const;
type SideName = keyof typeof SIDES;
const NAMES = Object.keys(SIDES) as SideName[];

const CONNECTIONS = 64;
const RATE = 200;
interface Sizes {
  readonly rounds: number;
  readonly warmUpRequests: number;
  readonly seconds: number;
  /** Another round is begun only if it can end within this time. */
  readonly budgetS: number;
  /** Invites of which the statements are counted, in each of `countedLoads`: replicas, and connections of all callers. */
  readonly counted: number;
  readonly countedLoads: readonly (readonly [replicas: number, connections: number])[];
}

const COUNTED_LOADS = [
  [1, 1],
  [1, 8],
  [1, 64],
  [2, 64],
] as const;

const SIZES: Readonly<Record<'full' | 'quick', Sizes>> = {
  full: { rounds: 5, warmUpRequests: 4_000, seconds: 4, budgetS: 200, counted: 2_000, countedLoads: COUNTED_LOADS },
  quick: { rounds: 1, warmUpRequests: 1_500, seconds: 2, budgetS: 60, counted: 300, countedLoads: COUNTED_LOADS },
};
/** The distance of the database while statements are counted, as between two zones of a region. */
const ANSWER_DELAY_MS = 2;
export interface MeasureOptions {
  readonly folder: string;
  readonly isQuick: boolean;
}

export async function measureLedgers(
  { folder, isQuick }: MeasureOptions,
  print: (line: string) => void,
  { rounds, budgetS, countedLoads, ...sizes }: Sizes = isQuick ? SIZES.quick : SIZES.full,
): Promise<LedgersResult> {
  const startedAtMs = performance.now();
  const backdrop = await startBackdrop();
  const samples: LedgerSample[] = [];
  const wire: WireSample[] = [];
  try {
    for (let round = 1; round <= rounds; round += 1) {
      const spentS = (performance.now() - startedAtMs) / 1000;
      if (round > 1 && spentS + spentS / (round - 1) > budgetS) {
        print(`stopped after ${round - 1} rounds: another one would take too long`);
        break;
      }
      for (const side of shuffled(NAMES)) {
        const sample = { side, round, ...(await measureSide(side, { folder, backdrop }, sizes)) };
        samples.push(sample);
        print(lineOf(sample));
      }
    }
    for (const [replicas, connections] of countedLoads) {
      const counted = await countWire({ replicas, connections }, { folder, backdrop }, sizes.counted);
      wire.push(counted);
      print(wireLineOf(counted));
    }
  } finally {
    backdrop.close();
  }
  const { warmUpRequests, seconds } = sizes;
  return {
    run: describeRun(isQuick),
    ...{ connections: CONNECTIONS, rate: RATE, answerDelayMs: ANSWER_DELAY_MS, warmUpRequests, seconds, samples, wire },
  };
}

interface Place {
  readonly folder: string;
  readonly backdrop: Backdrop;
}

async function measureSide(
  side: SideName,
  place: Place,
  { warmUpRequests, seconds }: { readonly warmUpRequests: number; readonly seconds: number },
): Promise<Pick<LedgerSample, 'saturated' | 'open'>> {
  const server = SIDES[side] === 0 ? null : await startPostgres();
  try {
    return await withReplicas(
      Math.max(1, SIDES[side]),
      server === null ? null : server.port,
      place,
      async (running) => {
        const loads = running.map(({ port }) => loadOf(port, place));
        await saturateAll(loads, CONNECTIONS, { requests: warmUpRequests });
        const durationMs = seconds * 1000;
        const measure = (run: () => Promise<readonly Measured[]>): Promise<LedgerLoad> =>
          measured(running, server, run);
        return {
          saturated: await measure(() => saturateAll(loads, CONNECTIONS, { durationMs })),
          open: await measure(() =>
            Promise.all(loads.map((load) => arrive(load, { perSecond: RATE / loads.length, durationMs }))),
          ),
        };
      },
    );
  } finally {
    await server?.remove();
  }
}

async function countWire(
  { replicas, connections }: { readonly replicas: number; readonly connections: number },
  place: Place,
  invites: number,
): Promise<WireSample> {
  const server = await startPostgres();
  const wire = await startWireCounter(server, { answerDelayMs: ANSWER_DELAY_MS });
  try {
    return await withReplicas(replicas, wire.port, place, async (running) => {
      const loads = running.map(({ port }) => loadOf(port, place));
      await saturateAll(loads, connections, { requests: invites / 4 });
      wire.take();
      const all = await saturateAll(loads, connections, { requests: connections === 1 ? invites / 4 : invites });
      const count = wire.take();
      const { answers, perSecond, p50Ms } = summed(all);
      return {
        ...{ replicas, connections, answers, perSecond, p50Ms },
        statements: count.statements / answers,
        roundTrips: count.roundTrips / answers,
        commits: count.commits / answers,
        bytes: count.bytes / answers,
      };
    });
  } finally {
    await wire.close();
    await server.remove();
  }
}

const loadOf = (port: number, { backdrop }: Place): Load => ({
  port,
  nextRequest: createInviteRequests({ tokens: backdrop.tokens, hasKey: true }),
});

/** `postgresPort`: null for SQLite. */
async function withReplicas<T>(
  count: number,
  postgresPort: number | null,
  place: Place,
  use: (running: readonly RunningSide[]) => Promise<T>,
): Promise<T> {
  const ledgerUrl = postgresPort === null ? undefined : `postgres://postgres@127.0.0.1:${postgresPort}/postgres`;
  const running: RunningSide[] = [];
  try {
    for (let n = 0; n < count; n += 1) {
      const port = await freePort();
      const command = serviceSide(
        { port, ...place },
        { keepsStdout: true, ...(ledgerUrl === undefined ? {} : { ledgerUrl }) },
      );
      running.push(await startSide({ ...command, sharesProcessors: true }, port));
    }
    return await use(running);
  } finally {
    for (const one of running) await one.stop();
  }
}

/** The connections and requests are those of all replicas together. */
function saturateAll(
  loads: readonly Load[],
  connections: number,
  { requests, durationMs }: { readonly requests?: number; readonly durationMs?: number },
): Promise<readonly Measured[]> {
  return Promise.all(
    loads.map((load) =>
      saturate(load, {
        connections: Math.ceil(connections / loads.length),
        ...(requests === undefined ? {} : { requests: Math.ceil(requests / loads.length) }),
        ...(durationMs === undefined ? {} : { durationMs }),
      }),
    ),
  );
}

async function measured(
  running: readonly RunningSide[],
  server: PostgresServer | null,
  measure: () => Promise<readonly Measured[]>,
): Promise<LedgerLoad> {
  const replicasUs = (): number => running.reduce((sum, one) => sum + one.cpuUs(), 0);
  const serverUs = (): number => (server === null ? 0 : cpuUsOf(processOf(server)));
  const before = [replicasUs(), serverUs()] as const;
  const { answers, ...rates } = summed(await measure());
  return {
    ...rates,
    replicasCpuUs: (replicasUs() - before[0]) / answers,
    serverCpuUs: (serverUs() - before[1]) / answers,
  };
}

function processOf({ data }: PostgresServer): number {
  return Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
}

function summed(all: readonly Measured[]): { answers: number; perSecond: number; p50Ms: number; p99Ms: number } {
  const answers = all.reduce((sum, one) => sum + one.answers, 0);
  const failures = all.reduce((sum, one) => sum + one.failures, 0);
  if (failures > 0 || answers === 0) throw new Error(`${failures} of ${answers} answers were no 200`);
  const latenciesMs = Float64Array.from(all.flatMap((one) => [...one.latenciesMs])).toSorted();
  return {
    answers,
    perSecond: all.reduce((sum, one) => sum + one.answers / (one.elapsedMs / 1000), 0),
    p50Ms: quantileMs({ latenciesMs }, 0.5),
    p99Ms: quantileMs({ latenciesMs }, 0.99),
  };
}

function lineOf({ side, round, saturated, open }: LedgerSample): string {
  return (
    `round ${round}  ${side.padEnd(10)} ${saturated.perSecond.toFixed(0).padStart(5)}/s, CPU of replicas ` +
    `${saturated.replicasCpuUs.toFixed(0)} and server ${saturated.serverCpuUs.toFixed(0)} µs, p50 ${saturated.p50Ms.toFixed(1)} ` +
    `p99 ${saturated.p99Ms.toFixed(1)} ms; at ${RATE}/s p50 ${open.p50Ms.toFixed(1)} p99 ${open.p99Ms.toFixed(1)} ms`
  );
}

function wireLineOf({ replicas, connections, statements, roundTrips, commits, bytes, perSecond }: WireSample): string {
  return (
    `counted with ${replicas} × replica, ${connections} connections, ${ANSWER_DELAY_MS} ms away: ${statements.toFixed(2)} statements, ` +
    `${roundTrips.toFixed(2)} round trips, ${commits.toFixed(2)} commits, ${bytes.toFixed(0)} bytes an invite; ${perSecond.toFixed(0)}/s`
  );
}
