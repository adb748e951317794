/**
 * What the bench measured, as it is kept in bench/results.json. Each part is replaced by its next run and names its own
 * machine and day. docs/performance.md and its plots are written from this file alone, so `npm run docs:check` holds.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { isPinned } from './sides/process.ts';

export interface Results {
  readonly sides?: SidesResult;
  readonly growth?: GrowthResult;
  readonly memory?: MemoryResult;
  readonly ledgers?: LedgersResult;
}

/** How a part was run. */
export interface Run {
  readonly day: string;
  readonly node: string;
  readonly processor: string;
  readonly cores: number;
  readonly system: string;
  /** Whether the side under test had a processor of its own. */
  readonly isPinned: boolean;
  /** A quick run has too few samples to compare anything. */
  readonly isQuick: boolean;
}

export interface SidesResult {
  readonly run: Run;
  readonly warmUpRequests: number;
  readonly connections: number;
  readonly seconds: number;
  /** The open loops, in requests a second. */
  readonly rates: readonly number[];
  /** One for each round of each side. */
  readonly samples: readonly SideSample[];
}

export interface SideSample {
  readonly side: string;
  readonly round: number;
  readonly saturated: LoadSample;
  /** The share of time that the processor of the load generator was busy; near 1, the generator was the limit. */
  readonly generatorBusy: number;
  /** In the order of `rates`. */
  readonly open: readonly LoadSample[];
  readonly peakMiB: number;
}

export interface LoadSample {
  readonly perSecond: number;
  /** CPU time of the side per request. */
  readonly cpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly lateShare: number;
}

/** The service on SQLite and on PostgreSQL. */
export interface LedgersResult {
  readonly run: Run;
  readonly warmUpRequests: number;
  readonly connections: number;
  readonly seconds: number;
  /** The open loop, in requests a second. */
  readonly rate: number;
  /** How far away the database was while its statements were counted. */
  readonly answerDelayMs: number;
  /** One for each round of each side. */
  readonly samples: readonly LedgerSample[];
  readonly wire: readonly WireSample[];
}

export interface LedgerSample {
  readonly side: 'sqlite' | 'postgres' | 'postgres-2';
  readonly round: number;
  readonly saturated: LedgerLoad;
  readonly open: LedgerLoad;
}

export interface LedgerLoad {
  readonly perSecond: number;
  /** CPU time per invite, of all replicas together and of the database server. */
  readonly replicasCpuUs: number;
  readonly serverCpuUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What an invite costs between replicas and database, recurring work included. */
export interface WireSample {
  readonly replicas: number;
  readonly connections: number;
  readonly answers: number;
  readonly statements: number;
  readonly roundTrips: number;
  readonly commits: number;
  readonly bytes: number;
  readonly perSecond: number;
  readonly p50Ms: number;
}

export interface GrowthResult {
  readonly run: Run;
  /** By the id of the curve (growth/curves.ts): points of size and cost, from small to large. */
  readonly curves: Readonly<Record<string, readonly Point[]>>;
}

export type Point = readonly [size: number, cost: number];

export interface MemoryResult {
  readonly run: Run;
  /** Requests so far, and resident MiB. */
  readonly points: readonly Point[];
}

const FILE = new URL('results.json', import.meta.url);

export function readResults(): Results {
  return JSON.parse(readFileSync(FILE, 'utf8')) as Results;
}

/** Replaces the parts that are given. */
export function keepResults(parts: Results): void {
  const rounded = JSON.stringify({ ...readResults(), ...parts }, (_name, value: unknown) =>
    typeof value === 'number' ? Number(value.toPrecision(5)) : value,
  );
  // One sample or point a line: a new run is a readable change.
  writeFileSync(FILE, `${rounded.replaceAll(/\{"side"|\{"replicas"|"\w[\w-]*":\[\[/g, '\n$&')}\n`);
}

export function describeRun(isQuick: boolean): Run {
  return {
    day: new Date().toISOString().slice(0, 10),
    node: process.version,
    processor: cpus()[0]?.model ?? 'unknown processor',
    cores: cpus().length,
    system: `Linux ${release()}`,
    isPinned,
    isQuick,
  };
}
