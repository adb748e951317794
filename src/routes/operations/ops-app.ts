/**
 * The app on OPS_PORT, for operators only: metrics, and the reasons why the service is not ready. Bind it to an
 * internal address.
 */
import { Hono } from 'hono';
import type { FanOut } from '../../audit/delivery/fan-out.ts';
import type { Deps, PolicySource } from '../../deps.ts';
import { LIVEZ_PATHS, PROBE_METHODS, READYZ_PATHS } from '../../lib/http/health-paths.ts';
import { describePolicyStatus } from '../../policy/status.ts';
import { describeAudit } from './audit-status.ts';
import type { AuditStatusDeps } from './audit-status.ts';
import { createReadiness } from './readiness.ts';
import type { ReadinessDeps } from './readiness.ts';

export interface OpsDeps extends ReadinessDeps, Pick<Deps, 'policy' | 'shadowPolicy'> {
  readonly delivery: Pick<FanOut, 'status'>;
  readonly trailFault: AuditStatusDeps['trailFault'];
  /** The metrics as text, and their media type. */
  readonly exposeMetrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

export function createOpsApp(deps: OpsDeps): Hono {
  const app = new Hono();
  const readiness = createReadiness(deps);
  app.get('/metrics', async (c) => {
    const { contentType, text } = await deps.exposeMetrics();
    return c.body(text, 200, { 'Content-Type': contentType });
  });
  app.on(PROBE_METHODS, READYZ_PATHS, async (c) => {
    const { ready, ledger, draining } = await readiness();
    // A refused policy file does not make the service unready: the previous policy stays in force.
    const policies = {
      policy: describePolicy(deps.policy),
      ...(deps.shadowPolicy === undefined ? {} : { shadow_policy: describePolicy(deps.shadowPolicy) }),
    };
    const details = { ledger, draining, ...policies, ...(await describeAudit(deps)) };
    return c.json({ status: ready ? 'ready' : 'not_ready', ...details }, ready ? 200 : 503);
  });
  app.on(PROBE_METHODS, LIVEZ_PATHS, (c) => c.json({ status: 'live' }));
  return app;
}

function describePolicy(policy: PolicySource) {
  return policy.status === undefined ? { digest: policy.current().digest } : describePolicyStatus(policy.status());
}
