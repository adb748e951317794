/** The section of docs/performance.md about SQLite and PostgreSQL. */
import type { LedgerSample, LedgersResult } from '../results.ts';
import { describeRun } from './describe-run.ts';
import { figure, withRange } from './numbers.ts';
import { table } from './table.ts';

const NAMES = {
  sqlite: 'SQLite, one process',
  postgres: 'PostgreSQL, one replica',
  'postgres-2': 'PostgreSQL, two replicas',
} as const;

export function describeLedgers(result: LedgersResult): string {
  const { run, samples, wire, rate, answerDelayMs, connections, seconds, warmUpRequests } = result;
  const rounds = Math.max(...samples.map(({ round }) => round));
  const rows = Object.entries(NAMES).map(([side, name]) => {
    const own = samples.filter((sample) => sample.side === side);
    const ranged = (of: (sample: LedgerSample) => number): string => withRange(own.map(of));
    return [
      name,
      ranged(({ saturated }) => saturated.perSecond),
      ranged(({ saturated }) => saturated.replicasCpuUs),
      side === 'sqlite' ? '-' : ranged(({ saturated }) => saturated.serverCpuUs),
      ranged(({ saturated }) => saturated.p50Ms),
      ranged(({ saturated }) => saturated.p99Ms),
      ranged(({ open }) => open.p50Ms),
      ranged(({ open }) => open.p99Ms),
    ];
  });
  return `## SQLite and PostgreSQL

${describeRun(run)} ${rounds} ${rounds === 1 ? 'round' : 'rounds'}; ${warmUpRequests.toLocaleString('en-US')} requests of warm-up, then ${seconds} s with ${connections} connections in all, then ${seconds} s at ${rate} requests/s. Each request has a new Idempotency-Key.

Replicas, database server and load generator share all processors of this machine. Here a second replica adds no processor, so its rate
shows what it costs and not what it gains. CPU time per invite is what carries over to other machines.

${table(
  [
    '',
    'requests/s',
    'CPU of the service, µs',
    'CPU of the database, µs',
    'p50, ms',
    'p99, ms',
    `p50 at ${rate}/s, ms`,
    `p99 at ${rate}/s, ms`,
  ],
  rows,
)}
What an invite costs between service and database, counted on the wire with a database ${answerDelayMs} ms away, delivery of its records included. A step
of an invite takes three round trips, and what arrives meanwhile shares the next three. So more parallel requests cost fewer statements each.

${table(
  ['replicas', 'parallel requests', 'statements', 'round trips', 'commits', 'bytes', 'requests/s'],
  wire.map((one) => [
    String(one.replicas),
    String(one.connections),
    ...[one.statements, one.roundTrips, one.commits, one.bytes, one.perSecond].map(figure),
  ]),
)}`;
}
