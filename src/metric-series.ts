/**
 * The counters and durations of a fresh service: every combination of labels that can occur in a deployment. They are exposed as 0 from
 * the start, because `increase()` cannot see a series that begins with 1. Each set of labels comes from the vocabulary
 * that the counting code uses, so a new code or reason is here by itself, and a new counter does not compile without a
 * row. What the configuration excludes is left out.
 */
import { ATTEMPT_RESULTS, KEY_SLOTS } from './audit/record-vocabulary.ts';
import { OTHER_DELIVERY_FAILURES } from './audit/delivery/batch-delivery.ts';
import { REFUSALS_OF_ONE } from './audit/delivery/write-around.ts';
import { COLLECTOR_FAILURES, LOCAL_SINK_FAILURES } from './audit/delivery/sink.ts';
import { KEY_SET_FAILURES } from './auth/keys/key-set.ts';
import type { Config } from './config/load.ts';
import { egressOf } from './config/settings/settings-egress.ts';
import { PROBLEMS } from './contract/problem.ts';
import type { ProblemCode, ProblemOrigin } from './contract/problem.ts';
import { SHADOW_RESULTS } from './invite/compare-shadow.ts';
import { RECONCILE_RESULTS } from './invite/settle/reconcile.ts';
import type { Ledger } from './ledger/port.ts';
import { DAMAGES } from './ledger/report-unreadable.ts';
import { BULKHEADS } from './middleware/limits/limit-concurrency.ts';
import type { PolicyResult } from './policy/status.ts';
import { PROXY_FAILURES } from './ports/http.ts';
import type { CounterSeries, DurationSeries } from './ports/metrics.ts';
import { PERMIT_REFUSALS } from './tasks/concurrency-limit.ts';
import { NOT_SENT_REASONS, UNKNOWN_REASONS } from './upstream/failure.ts';
import { LOOK_UP_RESULTS } from './upstream/groups/group-directory.ts';

/** `ofPlatform`: those of what only this platform counts. */
export function counterSeries(
  { settings, issuers }: Config,
  ofPlatform: Pick<CounterSeries, 'connections_refused' | 'ledger_file_faults'>,
): CounterSeries {
  const hasNextKey = settings.GALILEO_API_KEY_NEXT !== null || settings.GALILEO_API_KEY_NEXT_FILE !== null;
  const hasShadowPolicy = settings.SHADOW_POLICY_FILE !== null;
  const egress = egressOf(settings).proxy === null ? [] : PROXY_FAILURES;
  return {
    ...ofPlatform,
    // Which status a route can answer is no vocabulary of the code. Alerts use the refusals.
    http_requests: 'as_they_come',
    // Rules have the names that a policy file gives them.
    shadow_divergences: 'as_they_come',
    refusals: [{ origin: 'proxy', code: 'invalid_request' }, ...keysOf(PROBLEMS).flatMap(refusalsOf)],
    invite_endings: [
      ...['accepted', 'refused'].map((ending) => ({ ending, reason: 'none' })),
      ...[...NOT_SENT_REASONS, ...egress].map((reason) => ({ ending: 'not_sent', reason })),
      ...UNKNOWN_REASONS.map((reason) => ({ ending: 'unknown', reason })),
    ],
    reconciliations: settings.GALILEO_RECONCILE ? RECONCILE_RESULTS.map((result) => ({ result })) : [],
    upstream_attempts: KEY_SLOTS.filter((slot) => slot === 'current' || hasNextKey).flatMap((slot) =>
      ATTEMPT_RESULTS.map((result) => ({ result, slot })),
    ),
    sign_ins:
      settings.GALILEO_AUTH === 'api_key'
        ? []
        : ['accepted', 'refused', 'failed', 'held'].map((result) => ({ result })),
    group_look_ups: settings.GALILEO_LOOKUPS ? LOOK_UP_RESULTS.map((result) => ({ result })) : [],
    ledger_failures: keysOf(STEPS).map((step) => ({ step })),
    ledger_unreadable: keysOf(DAMAGES).flatMap((part) => DAMAGES[part].map((reason) => ({ part, reason }))),
    key_set_fetches: issuers.flatMap(({ name: issuer }) =>
      ['ok', ...KEY_SET_FAILURES, ...egress].map((result) => ({ issuer, result })),
    ),
    requests_shed: [
      ...keysOf(BULKHEADS).flatMap((bulkhead) => PERMIT_REFUSALS.map((reason) => ({ bulkhead, reason }))),
      { bulkhead: 'all', reason: 'answers' },
    ],
    policy_reloads: keysOf(POLICY_RESULTS).flatMap((result) => [
      { role: 'active', result },
      // A shadow policy decides nothing, so it is not put on record.
      ...(hasShadowPolicy && result !== 'not_recorded' ? [{ role: 'shadow', result }] : []),
    ]),
    shadow_decisions: hasShadowPolicy ? SHADOW_RESULTS.map((result) => ({ result })) : [],
    audit_deliveries: settings.AUDIT_SINKS.flatMap((sink) =>
      [
        'delivered',
        ...OTHER_DELIVERY_FAILURES,
        ...(sink === 'stdout' ? LOCAL_SINK_FAILURES : [...COLLECTOR_FAILURES, ...egress]),
      ].map((result) => ({ sink, result })),
    ),
    audit_items_refused: settings.AUDIT_SINKS.flatMap((sink) =>
      sink === 'stdout' ? [] : REFUSALS_OF_ONE.map((reason) => ({ sink, reason })),
    ),
    audit_reads_unrecorded: [{}],
    audit_requests_suppressed: [{}],
    audit_records_pruned: [{}],
  };
}

/** \`paths\` are the templates of the app's routes. Only those that callers have a token for begin with a series. */
export function durationSeries(paths: readonly string[]): DurationSeries {
  const routes = [...new Set(paths)].filter((path) => /^\/(?:v2|audit)\/./.test(path));
  return {
    http_request_duration: routes.filter((path) => !path.endsWith('*')).map((route) => ({ route })),
    queue_wait: keysOf(BULKHEADS).map((bulkhead) => ({ bulkhead })),
    upstream_duration: ATTEMPT_RESULTS.map((result) => ({ result })),
  };
}

const POLICY_RESULTS: Record<PolicyResult['result'], true> = { loaded: true, refused: true, not_recorded: true };

const STEPS: Record<keyof Ledger, true> = {
  admit: true,
  settle: true,
  find: true,
  list: true,
  usage: true,
  records: true,
  search: true,
  lease: true,
  ack: true,
  backlog: true,
  chain: true,
  addCheckpoint: true,
  checkpoints: true,
  expired: true,
  unsettled: true,
  countUnknown: true,
  recordAttempt: true,
  prune: true,
  recordSuppressed: true,
  countRead: true,
  signInSalt: true,
  signInHold: true,
  claimSignIn: true,
  endSignIn: true,
  recordReads: true,
  recordChanges: true,
  findPolicy: true,
  probe: true,
  witness: true,
};

function refusalsOf(code: ProblemCode): { readonly origin: string; readonly code: string }[] {
  const { origin, otherOrigin }: { origin: ProblemOrigin; otherOrigin?: ProblemOrigin } = PROBLEMS[code];
  return [origin, ...(otherOrigin === undefined ? [] : [otherOrigin])].map((one) => ({ origin: one, code }));
}

function keysOf<T extends object>(table: T): (keyof T & string)[] {
  return Object.keys(table) as (keyof T & string)[];
}
