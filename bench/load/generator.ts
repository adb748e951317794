/**
 * The load generator. `saturate` is a closed loop: each connection sends its next request when it has an answer. `arrive`
 * is an open loop: requests are due at even distances whatever happened to those before, and a latency counts from the
 * moment a request was due, so a stall of the service delays all that fell into it (no coordinated omission).
 *
 * It is own code because wrk and autocannon are closed loops that leave the stalled requests out, wrk2 is in no Debian, and
 * a client of Node's costs as much CPU as the services that are compared. This one costs about 10 µs a request.
 */
import { Worker } from 'node:worker_threads';
import type { Connection } from './connection.ts';
import { createConnection } from './connection.ts';
import type { Pace } from './pacer.ts';

export interface Load {
  readonly port: number;
  /** The whole text of the next request. */
  readonly nextRequest: () => string;
}

export interface Measured {
  readonly answers: number;
  /** How often each status came; 0 is a lost connection, or no answer in time. */
  readonly statuses: ReadonlyMap<number, number>;
  /** All that did not end with 200. */
  readonly failures: number;
  readonly elapsedMs: number;
  /** Sorted, in milliseconds. */
  readonly latenciesMs: Float64Array;
  /** Share of the requests that were sent more than a millisecond after they were due. Only in an open loop. */
  readonly lateShare: number;
}

export interface Saturation {
  readonly connections: number;
  /** Ends after so many requests or milliseconds, whichever comes first. */
  readonly requests?: number;
  readonly durationMs?: number;
}

/** Of an open loop; a request that is due while all are taken waits. */
export const MAX_CONNECTIONS = 256;
const LATE_MS = 1;
/** For the last answers of an open loop, and for a service that has hung. */
const PATIENCE_MS = 10_000;

export async function saturate(load: Load, options: Saturation): Promise<Measured> {
  const { connections, requests = Infinity, durationMs = Infinity } = options;
  const latencies: number[] = [];
  const statuses = new Map<number, number>();
  let sent = 0;
  const startMs = performance.now();
  const loop = (connection: Connection): Promise<void> =>
    new Promise((resolve) => {
      const next = (): void => {
        const sentMs = performance.now();
        if (sent >= requests || sentMs - startMs >= durationMs) {
          resolve();
          return;
        }
        sent += 1;
        connection.send(load.nextRequest(), (status) => {
          latencies.push(performance.now() - sentMs);
          count(statuses, status);
          // After a loss the next request would find the connection closed in the same turn.
          if (status === 0) setImmediate(next);
          else next();
        });
      };
      next();
    });
  const open = Array.from({ length: connections }, () => createConnection(load.port));
  await Promise.all(open.map(loop));
  const elapsedMs = performance.now() - startMs;
  for (const connection of open) connection.close();
  return { ...summary(latencies, statuses), elapsedMs, lateShare: 0 };
}

export async function arrive(load: Load, options: { perSecond: number; durationMs: number }): Promise<Measured> {
  const { perSecond, durationMs } = options;
  const total = Math.round((perSecond * durationMs) / 1000);
  const gapNs = 1e9 / perSecond;
  // Half a second for the start of the worker.
  const startNs = process.hrtime.bigint() + 500_000_000n;
  const nowMs = (): number => Number(process.hrtime.bigint() - startNs) / 1e6;
  const dueMs = (n: number): number => (n * gapNs) / 1e6;

  const latencies: number[] = [];
  const statuses = new Map<number, number>();
  let [due, late] = [0, 0];
  const all: Connection[] = [];
  const free: Connection[] = [];
  const waiting: number[] = [];
  const finished = Promise.withResolvers<void>();

  function send(connection: Connection, n: number): void {
    if (nowMs() - dueMs(n) > LATE_MS) late += 1;
    connection.send(load.nextRequest(), (status) => {
      latencies.push(nowMs() - dueMs(n));
      count(statuses, status);
      if (latencies.length === total) finished.resolve();
      const longest = waiting.shift();
      if (longest === undefined) free.push(connection);
      else if (status === 0) setImmediate(() => send(connection, longest));
      else send(connection, longest);
    });
  }

  function sendDue(): void {
    for (; due < total && dueMs(due) <= nowMs(); due += 1) {
      let connection = free.pop();
      if (connection === undefined && all.length < MAX_CONNECTIONS)
        all.push((connection = createConnection(load.port)));
      if (connection === undefined) waiting.push(due);
      else send(connection, due);
    }
  }

  const workerData: Pace = { startNs, gapNs, count: total };
  const pacer = new Worker(new URL('pacer.ts', import.meta.url), { workerData });
  pacer.on('message', sendDue);
  pacer.on('error', finished.reject);
  const { promise: hung, resolve: giveUp } = Promise.withResolvers<void>();
  const timer = setTimeout(giveUp, durationMs + PATIENCE_MS);
  await Promise.race([finished.promise, hung]);
  clearTimeout(timer);
  await pacer.terminate();
  for (const connection of all) connection.close();
  for (let unanswered = latencies.length; unanswered < total; unanswered += 1) count(statuses, 0);
  return { ...summary(latencies, statuses), elapsedMs: nowMs(), lateShare: late / total };
}

function count(statuses: Map<number, number>, status: number): void {
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
}

function summary(
  latencies: readonly number[],
  statuses: ReadonlyMap<number, number>,
): Pick<Measured, 'answers' | 'latenciesMs' | 'statuses' | 'failures'> {
  const all = [...statuses.values()].reduce((sum, some) => sum + some, 0);
  return {
    ...{ answers: latencies.length, statuses, failures: all - (statuses.get(200) ?? 0) },
    latenciesMs: Float64Array.from(latencies).toSorted(),
  };
}

/** The latency that this share of the answers did not exceed, in milliseconds. */
export function quantileMs({ latenciesMs }: Pick<Measured, 'latenciesMs'>, share: number): number {
  return latenciesMs[Math.min(latenciesMs.length - 1, Math.floor(latenciesMs.length * share))] ?? Number.NaN;
}
