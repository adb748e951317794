/**
 * The gauges of the service as a whole: which version runs, whether it is ready, whether Galileo takes its keys, and how
 * many outcomes are unknown. They are read at each exposition. What cannot be read is missing.
 */
import type { Ledger } from '../../../ledger/port.ts';
import type { RecordService } from '../../../audit/record.ts';
import type { Secrets } from '../../../ports/secrets.ts';
import type { KeyUse } from '../../../upstream/key-use.ts';
import type { NodeMetrics } from './metrics.ts';

export interface ServiceMetricsDeps {
  readonly service: Pick<RecordService, 'version' | 'runtime'>;
  readonly ledger: Pick<Ledger, 'countUnknown'>;
  readonly secrets: Secrets;
  readonly keyUse: Pick<KeyUse, 'ofKeys'>;
  /** Null: Galileo is not asked for its groups. */
  readonly groups: { missing(): number | null } | null;
  readonly readiness: () => Promise<{ readonly ready: boolean }>;
}

export function exposeService(
  metrics: Pick<NodeMetrics, 'gauge'>,
  { service: { version, runtime }, ledger, secrets, keyUse, groups, readiness }: ServiceMetricsDeps,
): void {
  metrics.gauge('build_info', () => [{ labels: { version, runtime }, value: 1 }]);
  metrics.gauge('ready', async () => [{ labels: {}, value: Number((await readiness()).ready) }]);
  metrics.gauge('requests_unknown', async () => [{ labels: {}, value: await ledger.countUnknown() }]);
  if (groups !== null)
    metrics.gauge('groups_missing', () => {
      const missing = groups.missing();
      return missing === null ? [] : [{ labels: {}, value: missing }];
    });
  metrics.gauge('api_key_usable', async () =>
    [...keyUse.ofKeys(await secrets.galileoKeys())].map(([slot, isTaken]) => ({
      labels: { slot },
      value: Number(isTaken),
    })),
  );
}
