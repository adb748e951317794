/**
 * The app that answers in place of the service when its configuration is refused, on a platform that starts in any
 * case. It is live, not ready, and answers every other request with a problem that blames neither the caller nor
 * Galileo. The reasons are logged elsewhere; this app does not have them.
 */
import { Hono } from 'hono';
import type { Deps } from '../../deps.ts';
import { LIVEZ_PATHS, PROBE_METHODS, READYZ_PATHS } from '../../lib/health-paths.ts';
import type { AppEnv } from '../../middleware/app-env.ts';
import { onError } from '../../middleware/on-error.ts';
import { respondProblem } from '../../middleware/problem-response.ts';
import { requestId } from '../../middleware/request-id.ts';
import { securityHeaders } from '../../middleware/security-headers.ts';
import { telemetry } from '../../middleware/telemetry.ts';
import { livez } from './probes.ts';

const RETRY_AFTER_S = 30;
const DETAIL = 'This service is not set up correctly; its operators must fix that. Nothing was sent.';

/** The code is the one for a key that cannot be read: nothing can be sent, and Galileo is not the cause. */
export function createUnavailableApp(deps: Pick<Deps, 'ids' | 'clock' | 'logger' | 'metrics'>): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.use(requestId(deps.ids));
  app.use(telemetry(deps));
  app.onError(onError(deps.logger));
  app.use(securityHeaders());
  app.on(PROBE_METHODS, LIVEZ_PATHS, livez);
  app.on(PROBE_METHODS, READYZ_PATHS, (c) => c.json({ status: 'not_ready' }, 503));
  app.notFound((c) =>
    respondProblem(c, 'upstream_unavailable', {
      origin: 'proxy',
      detail: DETAIL,
      retryAfterS: RETRY_AFTER_S,
    }),
  );
  return app;
}
