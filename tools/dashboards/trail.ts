import { own, perSecond } from './panel.ts';
import type { Panel } from './panel.ts';

/** The audit trail: whether it is intact, covered and delivered, and the policies behind its records. */
export const TRAIL: readonly Panel[] = [
  {
    title: 'Trail intact',
    about: 'No: the stored records are not what the service wrote. It signs nothing until they are.',
    shape: 'stat',
    unit: 'yes or no',
    queries: [{ query: `min(${own('audit_trail_intact')})`, legend: 'intact' }],
  },
  {
    title: 'Age of the last checkpoint',
    about: 'One is due after 5 minutes or 1,000 records, while there are records that none covers.',
    shape: 'stat',
    unit: 'seconds',
    queries: [{ query: `time() - min(${own('audit_checkpoint_timestamp_seconds')})`, legend: 'age' }],
  },
  {
    title: 'Policy in force',
    about: 'The digest of each role; `policy show DIGEST` prints the policy.',
    shape: 'stat',
    shows: 'name',
    unit: 'count',
    queries: [{ query: own('policy_info'), legend: '{{role}} {{digest}}' }],
  },
  {
    title: 'Clock doubt',
    about: 'How far the machine’s clock differs from trusted time, while it is doubted.',
    shape: 'stat',
    unit: 'seconds',
    queries: [{ query: `max(abs(${own('ledger_clock_doubt_seconds')}))`, legend: 'difference' }],
  },
  {
    title: 'Records without a checkpoint',
    about: 'Somebody who owns the ledger could change these without a trace.',
    shape: 'graph',
    unit: 'count',
    queries: [{ query: own('audit_uncovered_records'), legend: '{{instance}}' }],
  },
  {
    title: 'Lag of the sinks',
    about: 'The age of the oldest record that a sink has not taken. Nothing is lost: records wait in the ledger.',
    shape: 'graph',
    unit: 'seconds',
    queries: [{ query: own('audit_sink_lag_seconds'), legend: '{{sink}}' }],
  },
  {
    title: 'Backlog of the sinks',
    about: 'Records that a sink has not taken.',
    shape: 'graph',
    unit: 'count',
    queries: [{ query: own('audit_sink_backlog_records'), legend: '{{sink}}' }],
  },
  {
    title: 'Deliveries by result',
    about: 'Batches: taken, or why not.',
    shape: 'graph',
    unit: 'per second',
    queries: [
      { query: `${perSecond('sink, result', own('audit_deliveries_total'))} > 0`, legend: '{{sink}}: {{result}}' },
    ],
  },
  {
    title: 'Records refused for their content',
    about: 'The sink has a stand-in for each, the ledger the record.',
    shape: 'graph',
    unit: 'count',
    queries: [
      {
        query: `sum by (sink, reason) (increase(${own('audit_items_refused_total')}[1h]))`,
        legend: '{{sink}}: {{reason}}',
      },
    ],
    emptyWhenCalm: 'stdout refuses nothing, so there is no such series without another sink',
  },
  {
    title: 'Not recorded one by one',
    about:
      'Suppressed: refusals, replays and dry runs beyond the limit of a caller. Reads: those that could not be counted.',
    shape: 'graph',
    unit: 'per second',
    queries: [
      { query: perSecond('instance', own('audit_requests_suppressed_total')), legend: 'suppressed' },
      { query: perSecond('instance', own('audit_reads_unrecorded_total')), legend: 'unrecorded reads' },
    ],
  },
  {
    title: 'Records dropped after their retention',
    about: 'Only what every sink has taken and a checkpoint covers.',
    shape: 'graph',
    unit: 'per second',
    queries: [{ query: perSecond('instance', own('audit_records_pruned_total')), legend: '{{instance}}' }],
  },
  {
    title: 'Damage of the ledger',
    about: 'Files that were missing, replaced or damaged, and stored values that cannot be read.',
    shape: 'graph',
    unit: 'count',
    queries: [
      {
        query: `sum by (part, problem) (increase(${own('ledger_file_faults_total')}[1h])) > 0`,
        legend: '{{part}}: {{problem}}',
      },
      {
        query: `sum by (part, reason) (increase(${own('ledger_unreadable_total')}[1h])) > 0`,
        legend: '{{part}}: {{reason}}',
      },
    ],
    emptyWhenCalm: 'nothing is damaged',
  },
  {
    title: 'Looks at unknown outcomes',
    about: 'GALILEO_RECONCILE: what Galileo’s list of users proved.',
    shape: 'graph',
    unit: 'count',
    queries: [{ query: `sum by (result) (increase(${own('reconciliations_total')}[1h]))`, legend: '{{result}}' }],
    emptyWhenCalm: 'there is no such series without GALILEO_RECONCILE',
  },
  {
    title: 'Policy files judged',
    about: '`refused` and `not_recorded`: the policy before stays in force.',
    shape: 'graph',
    unit: 'count',
    queries: [
      { query: `sum by (role, result) (increase(${own('policy_reloads_total')}[1h]))`, legend: '{{role}}: {{result}}' },
    ],
  },
  {
    title: 'Shadow policy',
    about: 'Where it would decide otherwise than the policy in force.',
    shape: 'graph',
    unit: 'per second',
    queries: [{ query: perSecond('kind, rule', own('shadow_divergences_total')), legend: '{{kind}}: {{rule}}' }],
    emptyWhenCalm: 'there is no such series without a shadow policy',
  },
];
