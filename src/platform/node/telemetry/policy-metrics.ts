/**
 * The gauges of the policy files: the digest in force, its start time, and the result of the last load. An alert on
 * `policy_last_result_success == 0` finds a bad file that is easy to miss, because the old policy stays in force.
 */
import type { PolicyStatus } from '../../../policy/status.ts';
import type { GaugeName, Sample } from '../../../ports/metrics.ts';
import type { NodeMetrics } from './metrics.ts';

type PolicyGauge = Extract<GaugeName, `policy_${string}`>;

const VALUES: Readonly<Record<Exclude<PolicyGauge, 'policy_info'>, (status: PolicyStatus) => number>> = {
  policy_since_timestamp_seconds: ({ sinceMs }) => sinceMs / 1000,
  policy_last_result_success: ({ last }) => Number(last.result === 'loaded'),
  policy_last_result_timestamp_seconds: ({ last }) => last.atMs / 1000,
  policy_problems: ({ last }) => (last.result === 'refused' ? last.problems.length : 0),
};

/** `policies` holds the policy of each role (active, shadow) that has a file. */
export function exposePolicyStatus(
  metrics: Pick<NodeMetrics, 'gauge'>,
  policies: Readonly<Record<string, { status(): PolicyStatus } | undefined>>,
): void {
  const expose = (name: PolicyGauge, toSample: (role: string, status: PolicyStatus) => Sample): void =>
    metrics.gauge(name, () =>
      Object.entries(policies).flatMap(([role, policy]) => (policy ? [toSample(role, policy.status())] : [])),
    );
  expose('policy_info', (role, { digest }) => ({ labels: { role, digest }, value: 1 }));
  for (const [name, valueOf] of Object.entries(VALUES)) {
    expose(name as PolicyGauge, (role, status) => ({ labels: { role }, value: valueOf(status) }));
  }
}
