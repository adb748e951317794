/** The curves of docs/performance.md: what grows, what it may cost, and how each point is measured. */
import type { Point } from '../results.ts';

/** `flat`: the cost does not depend on the size. `linear`: twice the size costs at most twice as much. */
export type Growth = 'flat' | 'linear';

export interface Curve {
  readonly id: string;
  /** At most 40 characters: a panel of the plot is narrow. */
  readonly title: string;
  /** What the sizes count. */
  readonly sizes: string;
  /** What the cost is, with its unit. */
  readonly cost: string;
  readonly growth: Growth;
}

export const CURVES = [
  {
    id: 'request-addresses',
    title: 'Invite by its addresses',
    sizes: 'addresses in one request',
    cost: 'µs of the service’s CPU, over HTTP',
    growth: 'linear',
  },
  {
    id: 'decide-rules',
    title: 'Decision by rules of the caller',
    sizes: 'allow rules of the caller',
    cost: 'µs for one address',
    growth: 'flat',
  },
  {
    id: 'decide-denied',
    title: 'Decision by denied domains',
    sizes: 'denied domains',
    cost: 'µs for one address',
    growth: 'flat',
  },
  {
    id: 'decide-callers',
    title: 'Decision by callers',
    sizes: 'callers in the policy',
    cost: 'µs for one address',
    growth: 'flat',
  },
  {
    id: 'decide-addresses',
    title: 'Decision by addresses, large policy',
    sizes: 'addresses in one request',
    cost: 'µs for all; 1,000 rules, 100,000 denied',
    growth: 'linear',
  },
  {
    id: 'load-denied',
    title: 'Loading a policy',
    sizes: 'denied domains in the file',
    cost: 'ms',
    growth: 'linear',
  },
  {
    id: 'capabilities-first',
    title: 'Invite policy of a caller, compiled',
    sizes: 'allow rules of the caller, with 50 deny rules',
    cost: 'µs, once per policy and caller',
    growth: 'linear',
  },
  {
    id: 'capabilities-kept',
    title: 'Invite policy of a caller, from then on',
    sizes: 'allow rules of the caller, with 50 deny rules',
    cost: 'µs',
    growth: 'flat',
  },
  {
    id: 'ledger-invite',
    title: 'Invite with a key, in the ledger',
    sizes: 'records in the ledger; half as many stored keys',
    cost: 'µs, admitted and settled, 18 share a commit',
    growth: 'flat',
  },
  {
    id: 'ledger-replay',
    title: 'Repeated Idempotency-Key',
    sizes: 'stored keys',
    cost: 'µs, 18 share a commit',
    growth: 'flat',
  },
  {
    id: 'ledger-find',
    title: 'One request of a caller by its id',
    sizes: 'records in the ledger',
    cost: 'µs',
    growth: 'flat',
  },
  {
    // Looked up under each caller: the table is ordered by caller, and no index by id is written for a rare question.
    id: 'ledger-find-any',
    title: 'One request of any caller by its id',
    sizes: 'records in the ledger, of 64 callers',
    cost: 'µs, in proportion to the number of callers',
    growth: 'linear',
  },
  {
    id: 'ledger-list',
    title: 'Newest ten requests of a caller',
    sizes: 'records in the ledger',
    cost: 'µs',
    growth: 'flat',
  },
  {
    id: 'ledger-page',
    title: '100 records from mid-trail',
    sizes: 'records in the ledger',
    cost: 'µs',
    growth: 'flat',
  },
  {
    id: 'ledger-search',
    title: 'Search that finds nothing',
    sizes: 'records in the ledger',
    cost: 'ms',
    growth: 'linear',
  },
] as const satisfies readonly Curve[];

export type CurveId = (typeof CURVES)[number]['id'];

/** Caches and trees make a look-up somewhat dearer in a large store; twice as dear would no longer be flat. */
const MOST_FLAT = 2;
const MOST_EXPONENT = 1.2;

/**
 * How the cost grows: `cost ~ size ^ exponent`, over the upper part of the curve, where no constant share hides it; and the
 * largest cost as a multiple of the first one.
 */
export function growthOf(points: readonly Point[]): { readonly exponent: number; readonly multiple: number } {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return { exponent: Number.NaN, multiple: Number.NaN };
  const from = points.findLast(([size]) => size <= last[0] / 4) ?? first;
  return {
    exponent: Math.log(last[1] / from[1]) / Math.log(last[0] / from[0]),
    multiple: Math.max(...points.map(([, cost]) => cost)) / first[1],
  };
}

/** Whether the points keep to what the curve may cost. */
export function isAsPromised(growth: Growth, points: readonly Point[]): boolean {
  const { exponent, multiple } = growthOf(points);
  return growth === 'flat' ? multiple <= MOST_FLAT || exponent <= 0.1 : exponent <= MOST_EXPONENT;
}
