/**
 * The state of the policy files as levels: which digest is in force since when, and how the last look at the file ended.
 * An alert on `policy_last_result_success == 0` finds the bad file that nobody notices, because the old one serves on.
 */
import type { PolicyStatus } from '../../../policy/status.ts';
import type { GaugeName, Sample } from '../../../ports/metrics.ts';
import type { NodeMetrics } from './metrics.ts';

type PolicyLevel = Extract<GaugeName, `policy_${string}`>;

const VALUES: Readonly<Record<Exclude<PolicyLevel, 'policy_info'>, (status: PolicyStatus) => number>> = {
  policy_since_timestamp_seconds: ({ sinceMs }) => sinceMs / 1000,
  policy_last_result_success: ({ last }) => Number(last.result === 'loaded'),
  policy_last_result_timestamp_seconds: ({ last }) => last.atMs / 1000,
  policy_problems: ({ last }) => (last.result === 'refused' ? last.problems.length : 0),
};

/** `policies` are the files there are, by role. */
export function exposePolicyStatus(
  metrics: Pick<NodeMetrics, 'level'>,
  policies: Readonly<Record<string, { status(): PolicyStatus } | undefined>>,
): void {
  const expose = (name: PolicyLevel, toReading: (role: string, status: PolicyStatus) => Sample): void =>
    metrics.level(name, () =>
      Object.entries(policies).flatMap(([role, policy]) => (policy ? [toReading(role, policy.status())] : [])),
    );
  expose('policy_info', (role, { digest }) => ({ labels: { role, digest }, value: 1 }));
  for (const [name, valueOf] of Object.entries(VALUES)) {
    expose(name as PolicyLevel, (role, status) => ({ labels: { role }, value: valueOf(status) }));
  }
}
