import type { RecordSource } from '../audit/record.ts';
import type { Principal } from '../auth/principal.ts';
import type { CompiledPolicy } from '../policy/compile.ts';
import type { InviteUsersRequest } from '../contract/invite-users.ts';
import type { InviteList } from '../contract/read-invite.ts';
import type { Handling } from '../policy/decision.ts';
import type { TraceFields } from '../upstream/request.ts';

/** Header fields by name, spelled as the standards write it: two spellings of one name would be two fields. */
export type AnswerFields = Record<string, string>;

/**
 * The variables that one request carries from step to step. One step sets each of them, and only later steps read it;
 * `app.ts` shows the order.
 */
export interface AppEnv {
  Variables: {
    /** Set by security-headers: the header fields of the answer so far; see respond. */
    fields: AnswerFields;
    /** Set by request-id: a UUIDv7, the audit id. */
    requestId: string;
    /**
     * Set by trace-context: 32 lower-case hex digits, perhaps of the caller's choice. Absent in the answers of a
     * listener and of a service that is not set up.
     */
    traceId: string;
    /** Set by trace-context: the trace context for Galileo; null unless TRACE_UPSTREAM is on. */
    traceFields: TraceFields | null;
    /** Set by pin-policy: the one policy that this request uses. */
    policy: CompiledPolicy;
    /** Set by source: the origin of the request, for the record. */
    source: RecordSource;
    /** Set by body-limit: the body as it came. Absent where there is none. */
    body: Uint8Array;
    /** Set by readStrictly: the text of the body, one unambiguous JSON value. */
    bodyText: string;
    /** Set by authenticate: the caller. */
    principal: Principal;
    /** Set by idempotency-key: the caller's key, unquoted; null when there is none. */
    idempotencyKey: string | null;
    /** Set by prefer: how to handle a batch in which some addresses are refused. */
    handling: Handling;
    /** Set by validateInvite: the request, with its well-formed addresses. */
    asked: InviteUsersRequest;
    /** Set by validateInvite: the list of addresses as it came. */
    inviteList: InviteList;
    /** Set by problem-response and routes: the code and the origin of a refusal, for telemetry. */
    refusal: { readonly code: string; readonly origin: string };
  };
}
