/**
 * The closed vocabularies of audit records. They are separate from the zod schema (record.ts) so that code which serves
 * requests can import them without the schema.
 */
/** The kinds of records about one request. */
export const REQUEST_RECORD_KINDS = ['denial', 'intent', 'outcome', 'replay', 'dry_run', 'reconciliation'] as const;

export const RECORD_KINDS = [...REQUEST_RECORD_KINDS, 'suppressed', 'change', 'read'] as const;

/** The results of records about one request. */
export const REQUEST_RESULTS = [
  'admitted',
  'denied',
  'accepted',
  'refused',
  'not_sent',
  'unknown',
  'replayed',
  'previewed',
] as const;

/** What is known of the bytes of one exchange with Galileo. */
export const ATTEMPT_RESULTS = ['answered', 'maybe_sent', 'not_sent'] as const;

/** Which of the two Galileo keys. */
export const KEY_SLOTS = ['current', 'next'] as const;

export const RECORD_RESULTS = [...REQUEST_RESULTS, 'suppressed'] as const;

/** The results that can be suppressed: those of requests that were not admitted. */
export const SUPPRESSED_RESULTS = ['denied', 'replayed', 'previewed'] as const;

/** An address as it is recorded (AUDIT_EMAILS): exactly as given, or its HMAC. */
export const RECORDED_EMAIL = /^(?:[!-?A-~]+@[A-Za-z0-9.-]+|hmac-sha256:[0-9a-f]{64})$/;

/** What changed, in records of kind `change`. */
export const CHANGE_KINDS = [
  'service_started',
  'service_stopped',
  'policy_taken',
  'policy_refused',
  'key_slot_changed',
  'checkpoint_key_changed',
  'restored',
] as const;

/**
 * What can be read of the trail and of other callers' requests, in records of kind `read`. A route that shows either has
 * a row here, and calls routes/record-read.
 */
export const READ_KINDS = ['trail', 'search', 'counts', 'requests', 'request', 'policy'] as const;

/** The filters of a search; records of kind `read` name those that were used. */
export const SEARCH_FILTERS = [
  'request_id',
  'trace_id',
  'subject',
  'client_id',
  'email',
  'kind',
  'outcome',
  'rule',
  'from',
  'to',
] as const;

/** The description of `trace_id`, in the record and in what is published about it. */
export const TRACE_SAID_BY_CALLER =
  "The trace id of the request (W3C Trace Context), also in the service's log lines: said by the caller, or made by the service where the caller said none. Nothing is decided by it. Records of earlier releases do not have it.";
