/**
 * The trace of your page for the invite service (W3C Trace Context), from OpenTelemetry. The service writes its trace id to
 * its log and to the audit trail.
 */
import { context, propagation } from '@opentelemetry/api';

/** Give it to `createInviteClient` as `traceparent`: the client calls it once for each call. Undefined outside a trace. */
export function activeTraceparent(): string | undefined {
  const fields: { traceparent?: string } = {};
  propagation.inject(context.active(), fields);
  return fields.traceparent;
}
