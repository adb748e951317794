/** The options that every client of the service takes, and their defaults. */
import type { CallDeps } from './call.ts';
import type { Traceparent } from './traceparent.ts';
import type { Delay } from './waiting.ts';
import { timerDelay } from './waiting.ts';

export interface InviteClientOptions {
  /** The address of the service; `/…` for the origin of the page. */
  readonly url: string;
  /** The person's access token. `renew`: the service refused the last one (401), so another one is needed. */
  readonly token: (why: { readonly renew: boolean }) => string | Promise<string>;
  /** The trace of a call that has none of its own (W3C Trace Context). */
  readonly traceparent?: Traceparent;
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** How long one attempt may take. Default 40,000. */
  readonly attemptTimeoutMs?: number;
  /** How long one call keeps trying: waits and timed-out attempts together. Default 90,000. */
  readonly patienceMs?: number;
  /** Default: `setTimeout`. */
  readonly delay?: Delay;
  /** Spreads the repeats of many clients. Default: `Math.random`. */
  readonly random?: () => number;
}

export interface CallOptions {
  /** Ends the call at once with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** The trace of this call (W3C Trace Context), for all its attempts. */
  readonly traceparent?: Traceparent | undefined;
}

export const JSON_TYPE = { 'Content-Type': 'application/json' };

/** Throws a TypeError for a `url` that is none. */
export function callDepsOf(options: InviteClientOptions): CallDeps {
  if (!/^(https?:\/)?\//.test(options.url)) throw new TypeError('url: write https://… or /…');
  return {
    attemptTimeoutMs: 40_000,
    patienceMs: 90_000,
    delay: timerDelay,
    random: Math.random,
    // Called without an object: Workers and browsers refuse a `fetch` of another one.
    fetch: (url, init) => fetch(url, init),
    ...options,
    url: options.url.replace(/\/+$/, ''),
  };
}
