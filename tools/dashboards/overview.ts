import { OF_INSTANCE, own, perSecond, quantile } from './panel.ts';
import type { Panel } from './panel.ts';

/** The service as a whole: what callers get, Galileo, the ledger, the process. */
export const OVERVIEW: readonly Panel[] = [
  {
    title: 'Ready',
    about: 'No: the ledger cannot be written, or the service is shutting down.',
    shape: 'stat',
    unit: 'yes or no',
    queries: [{ query: `min(${own('ready')})`, legend: 'ready' }],
  },
  {
    title: 'Version',
    about: 'The version of each instance.',
    shape: 'stat',
    shows: 'name',
    unit: 'count',
    queries: [{ query: own('build_info'), legend: '{{version}}' }],
  },
  {
    title: 'Unknown outcomes',
    about: 'Requests that Galileo may or may not have done, until somebody settles them.',
    shape: 'stat',
    unit: 'count',
    queries: [{ query: `sum(${own('requests_unknown')})`, legend: 'unknown' }],
  },
  {
    title: 'Key taken by Galileo',
    about: 'Of each slot, when it was used last. Empty until the first invite.',
    shape: 'stat',
    unit: 'yes or no',
    queries: [{ query: `min by (slot) (${own('api_key_usable')})`, legend: '{{slot}}' }],
  },
  {
    title: 'Answers by status',
    about: 'Everything on the public port, health included.',
    shape: 'graph',
    unit: 'per second',
    queries: [{ query: perSecond('status', own('http_requests_total')), legend: '{{status}}' }],
  },
  {
    title: 'Refusals by code',
    about: 'docs/problems.md explains each code. Codes without a refusal are left out.',
    shape: 'graph',
    unit: 'per second',
    queries: [{ query: `${perSecond('origin, code', own('refusals_total'))} > 0`, legend: '{{code}} ({{origin}})' }],
  },
  {
    title: 'How invites end',
    about: 'Admitted requests. `unknown`: each is somebody’s question.',
    shape: 'graph',
    unit: 'per second',
    queries: [{ query: perSecond('ending', own('invite_endings_total')), legend: '{{ending}}' }],
  },
  {
    title: 'Time to answer, p99 by route',
    about: 'From first byte to answer. An invite includes the time that Galileo takes.',
    shape: 'graph',
    unit: 'seconds',
    queries: [{ query: quantile(0.99, 'route, ', 'http_request_duration'), legend: '{{route}}' }],
  },
  {
    title: 'Invites answered in time',
    about: 'The share of invites that were answered within 1, 2.5 and 5 seconds.',
    shape: 'graph',
    unit: 'share',
    queries: ['1', '2.5', '5'].map((seconds) => ({
      query: [`le="${seconds}"`, 'le="+Inf"']
        .map((le) => perSecond('instance', own('http_request_duration_seconds_bucket', 'route="/v2/invite_users"', le)))
        .join(' / '),
      legend: `within ${seconds} s`,
    })),
  },
  {
    title: 'Time at Galileo',
    about: 'One exchange. Near GALILEO_TIMEOUT_MS, outcomes become unknown.',
    shape: 'graph',
    unit: 'seconds',
    queries: [
      { query: quantile(0.5, '', 'upstream_duration'), legend: 'p50' },
      { query: quantile(0.99, '', 'upstream_duration'), legend: 'p99' },
    ],
  },
  {
    title: 'Exchanges with Galileo',
    about: '`not_sent`: no byte left. `maybe_sent`: no complete answer came. Slot `next`: the current key is refused.',
    shape: 'graph',
    unit: 'per second',
    queries: [{ query: perSecond('result, slot', own('upstream_attempts_total')), legend: '{{result}}, {{slot}}' }],
  },
  {
    title: 'Wait for a permit, p99',
    about: 'Trouble shows here before anybody is refused.',
    shape: 'graph',
    unit: 'seconds',
    queries: [{ query: quantile(0.99, 'bulkhead, ', 'queue_wait'), legend: '{{bulkhead}}' }],
  },
  {
    title: 'Requests shed',
    about: '503 `overloaded`, by bulkhead and reason.',
    shape: 'graph',
    unit: 'per second',
    queries: [
      { query: `${perSecond('bulkhead, reason', own('requests_shed_total'))} > 0`, legend: '{{bulkhead}}: {{reason}}' },
    ],
    emptyWhenCalm: 'nobody is shed',
  },
  {
    title: 'Connections ended by the listener',
    about: 'A steady few are the internet; a jump is somebody. docs/operations.md explains each reason.',
    shape: 'graph',
    unit: 'per second',
    queries: [
      {
        query: `${perSecond('listener, reason', own('connections_refused_total'))} > 0`,
        legend: '{{listener}}: {{reason}}',
      },
    ],
    emptyWhenCalm: 'no connection is refused',
  },
  {
    title: 'Fetches of issuers’ keys',
    about: 'Every 10 minutes under traffic. Nothing but failures for an hour: its tokens are refused.',
    shape: 'graph',
    unit: 'count',
    queries: [
      {
        query: `sum by (issuer, result) (increase(${own('key_set_fetches_total')}[1h])) > 0`,
        legend: '{{issuer}}: {{result}}',
      },
    ],
    emptyWhenCalm: 'the first fetch may come before the first scrape that is followed by another',
  },
  {
    title: 'Ledger steps that failed',
    about: 'A write that fails is a 503 for its caller.',
    shape: 'graph',
    unit: 'per second',
    queries: [{ query: `${perSecond('step', own('ledger_failures_total'))} > 0`, legend: '{{step}}' }],
    emptyWhenCalm: 'no step fails',
  },
  {
    title: 'Disk of the ledger',
    about: 'Below LEDGER_MIN_FREE_MB only invites are recorded whole. A full disk stops them.',
    shape: 'graph',
    unit: 'bytes',
    queries: [
      { query: own('ledger_free_bytes'), legend: 'free' },
      { query: own('ledger_min_free_bytes'), legend: 'LEDGER_MIN_FREE_MB' },
      { query: own('ledger_size_bytes'), legend: 'ledger' },
    ],
  },
  {
    title: 'CPU',
    about: 'Of one core; the service has one thread for requests.',
    shape: 'graph',
    unit: 'share',
    queries: [
      {
        query: `rate(process_cpu_seconds_total{${OF_INSTANCE}}[$__rate_interval]) and on (instance) ${own('build_info')}`,
        legend: '{{instance}}',
      },
    ],
  },
  {
    title: 'Memory',
    about: '512 MB are enough for the process.',
    shape: 'graph',
    unit: 'bytes',
    queries: [
      {
        query: `process_resident_memory_bytes{${OF_INSTANCE}} and on (instance) ${own('build_info')}`,
        legend: '{{instance}}',
      },
    ],
  },
  {
    title: 'Event loop lag, p99',
    about: 'Above 0.2 s the process is out of CPU.',
    shape: 'graph',
    unit: 'seconds',
    queries: [
      {
        query: `nodejs_eventloop_lag_p99_seconds{${OF_INSTANCE}} and on (instance) ${own('build_info')}`,
        legend: '{{instance}}',
      },
    ],
  },
];
