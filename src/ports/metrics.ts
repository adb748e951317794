/** Counters and durations. Names and labels are rows of the table in `metric-names` of the implementation's documentation. */
export interface Metrics {
  /** Adds one to a counter. Labels come from closed sets (codes, reasons, methods), never from callers' data. */
  count(name: MetricName, labels?: Readonly<Record<string, string>>): void;
  /** Observes a duration in seconds. */
  observe(name: DurationName, seconds: number, labels?: Readonly<Record<string, string>>): void;
}

export type MetricName = keyof typeof COUNTERS;
export type DurationName = keyof typeof DURATIONS;

/** Every counter: its name in the exposition format, its meaning, its labels. */
export const COUNTERS = {
  http_requests: { help: 'Answers by route and status.', labels: ['route', 'method', 'status'] },
  refusals: { help: 'Refusals by origin and problem code.', labels: ['origin', 'code'] },
  invite_endings: { help: 'How admitted requests ended.', labels: ['ending', 'reason'] },
  upstream_attempts: { help: 'Exchanges with the upstream by result.', labels: ['result', 'slot'] },
  ledger_failures: { help: 'Ledger steps that failed.', labels: ['step'] },
  key_set_fetches: { help: 'Fetches of issuer key sets by result.', labels: ['issuer', 'result'] },
  sweeps: { help: 'Expired intents that became unknown.', labels: [] },
} as const satisfies Record<string, { help: string; labels: readonly string[] }>;

/** Every duration, in seconds. */
export const DURATIONS = {
  http_request_duration: { help: 'Time from first byte to answer.', labels: ['route'] },
  upstream_duration: { help: 'Time of one exchange with the upstream.', labels: ['result'] },
} as const satisfies Record<string, { help: string; labels: readonly string[] }>;
