import type { HttpFault } from '../support/servers/http-fault-proxy.ts';

/**
 * What goes wrong, and what becomes of an invite. The same rows are tests, and the tables of docs/faults.md
 * (describe-faults.ts): the page claims only what was tried. A row without a fault of its own names the test that tries it.
 */
export interface Situation {
  /** A noun phrase; Markdown. It is the name of the test, too. */
  readonly what: string;
  readonly ending: Ending;
  /** What differs on Workers; left out: nothing. */
  readonly workers?: OnWorkers;
  /** What people have to do; Markdown. */
  readonly toDo: string;
}

/** Tried with the proxy in front of an HTTP server. */
export interface HttpSituation extends Situation {
  readonly fault: HttpFault | 'refused' | 'idle_close';
}

/** Tried by a test of its own. */
export interface SituationElsewhere extends Situation {
  readonly shownBy: { readonly file: string; readonly test: string };
}

/** `not_there`: this cannot happen on Workers. `untried`: nothing on one machine can produce it there. */
export type OnWorkers = Ending | 'not_there' | 'untried';

export interface Ending {
  /** Of the answer to the caller; null: there is no answer. */
  readonly status: number | null;
  readonly code: string | null;
  readonly origin: 'proxy' | 'upstream' | null;
  /** The kinds of the request's records in order, an outcome with its result. */
  readonly records: readonly string[];
  /** `untouched`: nothing was charged. */
  readonly quota: 'kept' | 'returned' | 'untouched';
  /**
   * `stored`: a repeat replays the answer. `freed`: a repeat is sent. `kept`: a repeat replays the answer, until the outcome
   * is settled. `unused`: a repeat is a first request. `in_flight`: a repeat is a 409 until the intent has expired.
   */
  readonly key: 'stored' | 'freed' | 'kept' | 'unused' | 'in_flight';
  /** How often Galileo gets the whole request. */
  readonly arrives: 0 | 1;
}

/** A table of docs/faults.md. */
export interface Chapter {
  readonly title: string;
  /** Markdown. */
  readonly about: string;
  readonly situations: readonly (Situation | HttpSituation | SituationElsewhere)[];
}

export const DONE = {
  ...{ status: 200, code: null, origin: null },
  ...{ records: ['intent', 'outcome accepted'], quota: 'kept', key: 'stored', arrives: 1 },
} as const satisfies Ending;

export const NOT_SENT = {
  ...{ status: 503, code: 'upstream_unavailable', origin: 'upstream' },
  ...{ records: ['intent', 'outcome not_sent'], quota: 'returned', key: 'freed', arrives: 0 },
} as const satisfies Ending;

export const IN_DOUBT = {
  ...{ status: 504, code: 'outcome_unknown', origin: 'upstream' },
  ...{ records: ['intent', 'outcome unknown'], quota: 'kept', key: 'kept', arrives: 1 },
} as const satisfies Ending;

export const NO_TOKEN_CHECK = {
  ...{ status: 503, code: 'identity_keys_unavailable', origin: 'proxy' },
  ...{ records: [], quota: 'untouched', key: 'unused', arrives: 0 },
} as const satisfies Ending;

export const NO_LEDGER = {
  ...{ status: 503, code: 'ledger_unavailable', origin: 'proxy' },
  ...{ records: [], quota: 'untouched', key: 'unused', arrives: 0 },
} as const satisfies Ending;
