/**
 * Counters, durations and gauges. The tables below list every name with its labels. docs/operations.md explains how to
 * use them.
 */
export interface Metrics {
  /** Adds `amount`, by default 1. Labels come from closed sets (codes, reasons, methods), never from callers' data. */
  count(name: MetricName, labels?: Readonly<Record<string, string>>, amount?: number): void;
  /** Observes a duration in seconds. */
  observe(name: DurationName, seconds: number, labels?: Readonly<Record<string, string>>): void;
}

export type MetricName = keyof typeof COUNTERS;
export type DurationName = keyof typeof DURATIONS;
export type GaugeName = keyof typeof GAUGES;

/** Every counter: its name in the exposition format, its meaning, its labels. */
export const COUNTERS = {
  http_requests: { help: 'Answers by route and status.', labels: ['route', 'method', 'status'] },
  refusals: { help: 'Refusals by origin and problem code.', labels: ['origin', 'code'] },
  invite_endings: { help: 'How admitted requests ended.', labels: ['ending', 'reason'] },
  reconciliations: { help: 'Looks at requests whose outcome is unknown, by result.', labels: ['result'] },
  upstream_attempts: { help: 'Exchanges with the upstream by result.', labels: ['result', 'slot'] },
  sign_ins: {
    help: 'Sign-ins to Galileo with a name and a password, by result. `held`: not tried, because one was refused or is under way.',
    labels: ['result'],
  },
  group_look_ups: { help: 'Look-ups of the groups of Galileo, by result.', labels: ['result'] },
  ledger_failures: { help: 'Ledger steps that failed.', labels: ['step'] },
  ledger_unreadable: { help: 'Reads of a stored value that is damaged or missing.', labels: ['part', 'reason'] },
  ledger_file_faults: {
    help: 'Faults of the files of the ledger: missing, replaced, damaged.',
    labels: ['part', 'problem'],
  },
  key_set_fetches: { help: 'Fetches of issuer key sets by result.', labels: ['issuer', 'result'] },
  requests_shed: {
    help: 'Requests that got no permit and no place in the queue (503 overloaded).',
    labels: ['bulkhead', 'reason'],
  },
  connections_refused: { help: 'Connections that the listener ended by itself.', labels: ['listener', 'reason'] },
  policy_reloads: { help: 'Changed policy files that were judged, by result.', labels: ['role', 'result'] },
  shadow_decisions: { help: 'Requests put to the shadow policy, by result.', labels: ['result'] },
  shadow_divergences: {
    help: 'Requests with an address that the shadow policy would treat otherwise, by its deciding rule.',
    labels: ['kind', 'rule'],
  },
  audit_deliveries: { help: 'Batches handed to audit sinks, by result.', labels: ['sink', 'result'] },
  audit_items_refused: {
    help: 'Items of the trail that a sink did not take for their content; a stand-in took their place.',
    labels: ['sink', 'reason'],
  },
  audit_reads_unrecorded: {
    help: 'Reads of the trail that were answered although they could not be counted for the record.',
    labels: [],
  },
  audit_requests_suppressed: {
    help: 'Refusals, replays and dry runs without a record of their own; a record of kind suppressed counts them.',
    labels: [],
  },
  audit_records_pruned: { help: 'Audit records dropped after their retention.', labels: [] },
} as const satisfies Record<string, { help: string; labels: readonly string[] }>;

/**
 * The combinations of labels that each counter can have. `as_they_come`: they are no closed set, and no alert may depend
 * on the first one.
 */
export type CounterSeries = {
  readonly [Name in MetricName]:
    | readonly Readonly<Record<(typeof COUNTERS)[Name]['labels'][number], string>>[]
    | 'as_they_come';
};

/** Every duration, in seconds. */
export const DURATIONS = {
  http_request_duration: { help: 'Time from first byte to answer.', labels: ['route'] },
  queue_wait: { help: 'Time a request waited for a permit of its bulkhead.', labels: ['bulkhead'] },
  upstream_duration: { help: 'Time of one exchange with the upstream.', labels: ['result'] },
} as const satisfies Record<string, { help: string; labels: readonly string[] }>;

/** The labels that each duration begins with. */
export type DurationSeries = {
  readonly [Name in DurationName]: readonly Readonly<Record<(typeof DURATIONS)[Name]['labels'][number], string>>[];
};

/** Every gauge: a current value, sampled when metrics are read and only where they can be read. */
export const GAUGES = {
  build_info: { help: 'Always 1: the version that runs.', labels: ['version', 'runtime'] },
  ready: {
    help: '1 when the service accepts requests, 0 while its ledger cannot be written or it shuts down.',
    labels: [],
  },
  requests_unknown: { help: 'Requests whose outcome is unknown and not settled yet.', labels: [] },
  api_key_usable: {
    help: 'Whether Galileo took the key in this slot when it was used last: 1 yes, 0 refused; absent until the first use.',
    labels: ['slot'],
  },
  groups_missing: {
    help: 'Groups that the policy names and Galileo does not list; absent until a look-up has succeeded.',
    labels: [],
  },
  policy_info: { help: 'Always 1: which digest is in force.', labels: ['role', 'digest'] },
  policy_since_timestamp_seconds: { help: 'When the policy in force was taken up.', labels: ['role'] },
  policy_last_result_success: { help: '1 when the file judged last was taken, 0 when refused.', labels: ['role'] },
  policy_last_result_timestamp_seconds: { help: 'When the file was judged last.', labels: ['role'] },
  policy_problems: { help: 'Problems of the file judged last; 0 when it was taken.', labels: ['role'] },
  ledger_free_bytes: { help: "Free space on the ledger's file system.", labels: [] },
  ledger_min_free_bytes: {
    help: 'LEDGER_MIN_FREE_MB: with less free space, only invites are recorded whole.',
    labels: [],
  },
  ledger_size_bytes: { help: 'Size of the ledger, with its write-ahead log.', labels: [] },
  audit_sink_backlog_records: { help: 'Audit records that a sink has not acknowledged.', labels: ['sink'] },
  audit_sink_lag_seconds: { help: 'Age of the oldest of them; 0 when there is none.', labels: ['sink'] },
  audit_checkpoint_timestamp_seconds: { help: 'When the last checkpoint was made.', labels: [] },
  ledger_clock_doubt_seconds: {
    help: "How far the machine's clock is ahead of trusted time (behind: negative) while it is doubted; else 0.",
    labels: [],
  },
  ledger_clock_witness_timestamp_seconds: {
    help: 'Trusted time when an outside clock last agreed with it; absent before the first one.',
    labels: [],
  },
  audit_trail_intact: {
    help: '0 while the service finds the trail changed, and signs nothing; else 1.',
    labels: [],
  },
  audit_uncovered_records: { help: 'Audit records after the last checkpoint.', labels: [] },
} as const satisfies Record<string, { help: string; labels: readonly string[] }>;

/** One value of a gauge. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
