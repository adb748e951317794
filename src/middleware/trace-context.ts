/**
 * Reads the trace of a request (W3C Trace Context): its trace id is in the log lines, the records and the refusals of
 * this request. It is the caller's own where `traceparent` fits the grammar, else a new one. Nothing else depends on it,
 * and it never refuses a request. A trace context that holds a piece of a Galileo key is taken as absent, because the
 * trace id is written to the log.
 * With TRACE_UPSTREAM the fields for Galileo are made here, too. They are the caller's own: this service records no
 * span, so a parent id of its own would lead nowhere (docs/decisions/0012).
 */
import type { Deps } from '../deps.ts';
import type { TraceContext } from '../lib/http/trace-context.ts';
import { RANDOM, readTraceparent, readTracestate, writeTraceparent } from '../lib/http/trace-context.ts';
import type { TraceFields } from '../upstream/request.ts';
import type { Step } from './in-order.ts';

export type TraceContextDeps = Pick<Deps, 'traceIds' | 'credentials'> & {
  readonly settings: Pick<Deps['settings'], 'tracesUpstream'>;
};

export function traceContext({ traceIds, credentials, settings }: TraceContextDeps): Step {
  const { tracesUpstream } = settings;
  return async function traceContext(c) {
    const parent = readTraceparent(c.req.header('traceparent'));
    // Without a traceparent that can be read there is no look at tracestate (level 2 §3.3).
    const state = parent === null || !tracesUpstream ? null : readTracestate(c.req.header('tracestate'));
    const given = parent === null || (await holdsKey(credentials, parent, state)) ? null : parent;
    const traceId = given?.traceId ?? traceIds.traceId();
    c.set('traceId', traceId);
    // Of its own not sampled: nothing here records the trace.
    const begun = () => fieldsOf({ traceId, parentId: traceIds.spanId(), flags: RANDOM }, null);
    c.set('traceFields', tracesUpstream ? (given === null ? begun() : fieldsOf(given, state)) : null);
    return undefined;
  };
}

/** True also when the keys to search for cannot be read. */
async function holdsKey(
  credentials: TraceContextDeps['credentials'],
  parent: TraceContext,
  state: string | null,
): Promise<boolean> {
  return (await credentials.secretSearch())?.(`${writeTraceparent(parent)} ${state ?? ''}`) ?? true;
}

function fieldsOf(context: TraceContext, state: string | null): TraceFields {
  const traceparent = writeTraceparent(context);
  return state === null ? { traceparent } : { traceparent, tracestate: state };
}
