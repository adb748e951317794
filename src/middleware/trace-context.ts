/**
 * Reads the trace of a request (W3C Trace Context): its trace id is in the log lines, the records and the refusals of
 * this request. It is the caller's own where `traceparent` fits the grammar, else a new one. Nothing else depends on it,
 * and it never refuses a request. Answers show which trace id counts, so what makes one count as absent must not tell a
 * caller whether a guess at a piece of a Galileo key was right: see `isTaken`.
 * With TRACE_UPSTREAM the fields for Galileo are made here, too. They are the caller's own: this service records no
 * span, so a parent id of its own would lead nowhere (docs/decisions/0012).
 */
import type { Deps } from '../deps.ts';
import type { TraceContext } from '../lib/http/trace-context.ts';
import { RANDOM, readTraceparent, readTracestate, writeTraceparent } from '../lib/http/trace-context.ts';
import type { SecretSearch } from '../upstream/credentials.ts';
import type { TraceFields } from '../upstream/request.ts';
import type { Step } from './in-order.ts';

export type TraceContextDeps = Pick<Deps, 'traceIds' | 'credentials'> & {
  readonly settings: Pick<Deps['settings'], 'tracesUpstream'>;
};

export function traceContext({ traceIds, credentials, settings }: TraceContextDeps): Step {
  const { tracesUpstream } = settings;
  return async function traceContext(c) {
    const parent = readTraceparent(c.req.header('traceparent'));
    const holdsKey = parent === null ? null : await credentials.secretSearch();
    // Where the keys to search for cannot be read, none is taken.
    const given = holdsKey !== null && parent !== null && isTaken(parent.traceId, holdsKey) ? parent : null;
    const traceId = given?.traceId ?? traceIds.traceId();
    c.set('traceId', traceId);
    if (!tracesUpstream) {
      c.set('traceFields', null);
      return undefined;
    }
    // Nobody but Galileo sees what is left out here, so a caller learns nothing from it.
    if (given !== null && holdsKey !== null && !holdsKey(writeTraceparent(given))) {
      const state = readTracestate(c.req.header('tracestate'));
      c.set('traceFields', fieldsOf(given, state === null || holdsKey(state) ? null : state));
      return undefined;
    }
    // Of its own not sampled: nothing here records the trace.
    const own = { parentId: traceIds.spanId(), flags: RANDOM };
    c.set('traceFields', fieldsOf({ traceId: given === null ? traceId : traceIds.traceId(), ...own }, null));
    return undefined;
  };
}

/** Twelve visible characters in a row, in hexadecimal. One random trace id in about 20,000 has them. */
const TEXT = /(?:[2-7][0-9a-f]){12}/;
/** Of a key that itself consists of hexadecimal digits: the shortest key has so many. */
const DIGITS_OF_KEY = 16;
/** What the search takes for a piece of a key. */
const PIECE_LENGTH = 12;

/**
 * Whether a trace id of the caller's may stand in log lines, records and answers. One that spells a text is not taken,
 * whatever the text is, so a key in hexadecimal is not either, and a guess at it gets the same answer as any other text. A
 * key of hexadecimal digits is found in at least 16 digits in a row: nobody guesses so many at once. Twelve would be six
 * characters of a key in hexadecimal, and could be guessed.
 */
function isTaken(traceId: string, holdsKey: SecretSearch): boolean {
  if (TEXT.test(traceId)) return false;
  return !holdsKey(traceId) || !runs(traceId, DIGITS_OF_KEY).some((run) => isDigitsOfKey(run, holdsKey));
}

function isDigitsOfKey(run: string, holdsKey: SecretSearch): boolean {
  const spellsText = /^(?:[2-7][0-9a-f])*$/.test(run) || /^.(?:[2-7][0-9a-f])*.$/.test(run);
  return !spellsText && runs(run, PIECE_LENGTH).every(holdsKey);
}

/** Every `length` digits in a row. */
function runs(digits: string, length: number): string[] {
  return Array.from({ length: Math.max(0, digits.length - length + 1) }, (_, at) => digits.slice(at, at + length));
}

function fieldsOf(context: TraceContext, state: string | null): TraceFields {
  const traceparent = writeTraceparent(context);
  return state === null ? { traceparent } : { traceparent, tracestate: state };
}
