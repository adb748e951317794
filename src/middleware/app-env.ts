import type { RecordSource } from '../audit/record.ts';
import type { Principal } from '../auth/principal.ts';
import type { CompiledPolicy } from '../policy/compile.ts';
import type { Handling } from '../policy/decision.ts';

/**
 * What one request carries from step to step. Each member is set by the step that owns it and
 * only read further down the line; `app.ts` shows the order.
 */
export interface AppEnv {
  Variables: {
    /** request-id: UUIDv7, the audit id. */
    requestId: string;
    /** pin-policy: the one policy this request sees. */
    policy: CompiledPolicy;
    /** source: where the request came from, for the record. */
    source: RecordSource;
    /** authenticate: who is calling. */
    principal: Principal;
    /** idempotency-key: the caller's key, unquoted; null when there is none. */
    idempotencyKey: string | null;
    /** prefer: what to do with a batch of which some addresses are refused. */
    handling: Handling;
    /** problem-response and routes: what was refused and by whom, for telemetry. */
    refusal: { readonly code: string; readonly origin: string };
  };
}
