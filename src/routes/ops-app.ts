/**
 * What only operators may see, on OPS_PORT: metrics, and why the service is not ready. Bind it inside.
 */
import { Hono } from 'hono';
import type { Deps } from '../deps.ts';

export interface OpsDeps extends Pick<Deps, 'ledger' | 'draining' | 'policy'> {
  /** The metrics as text, with their media type. */
  readonly exposeMetrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

export function createOpsApp(deps: OpsDeps): Hono {
  const app = new Hono();
  app.get('/metrics', async (c) => {
    const { contentType, text } = await deps.exposeMetrics();
    return c.body(text, 200, { 'Content-Type': contentType });
  });
  app.get('/readyz', async (c) => {
    const ledger = await deps.ledger.probe().then(
      () => 'ok',
      () => 'unavailable',
    );
    const draining = deps.draining();
    const ready = ledger === 'ok' && !draining;
    const policy = { digest: deps.policy.current().digest };
    return c.json({ status: ready ? 'ready' : 'not_ready', ledger, draining, policy }, ready ? 200 : 503);
  });
  app.get('/livez', (c) => c.json({ status: 'live' }));
  return app;
}
