/**
 * The app that answers in place of the service when its configuration is refused, or when the ledger cannot take the
 * record of its first policy, on a platform that starts in any case. It is live, not ready, and answers every other
 * request with a problem that blames neither the caller nor Galileo. The reasons are logged elsewhere; this app does
 * not have them.
 */
import { Hono } from 'hono';
import type { Deps } from '../../deps.ts';
import { LIVEZ_PATHS, PROBE_METHODS, READYZ_PATHS } from '../../lib/http/health-paths.ts';
import type { AppEnv } from '../../middleware/app-env.ts';
import { inOrder } from '../../middleware/in-order.ts';
import { onError } from '../../middleware/answers/on-error.ts';
import { respondProblem } from '../../middleware/answers/problem-response.ts';
import { respondJson } from '../../middleware/answers/respond.ts';
import { requestId } from '../../middleware/request-id.ts';
import { securityHeaders } from '../../middleware/answers/security-headers.ts';
import { telemetry } from '../../middleware/telemetry.ts';
import { livez } from './probes.ts';

const CAUSES = {
  /** The code is the one for a key that cannot be read: nothing can be sent, and Galileo is not the cause. */
  not_set_up: {
    code: 'upstream_unavailable',
    detail: 'This service is not set up correctly; its operators must fix that. Nothing was sent.',
    retryAfterS: 30,
  },
  no_ledger: {
    code: 'ledger_unavailable',
    detail: 'The policy could not be put on record, so no request is decided. Nothing was sent.',
    retryAfterS: 5,
  },
} as const;

export function createUnavailableApp(
  deps: Pick<Deps, 'ids' | 'clock' | 'logger' | 'metrics'>,
  cause: keyof typeof CAUSES,
): Hono<AppEnv> {
  const { code, detail, retryAfterS } = CAUSES[cause];
  const app = new Hono<AppEnv>();
  app.use(telemetry(deps));
  app.onError(onError(deps.logger));
  app.use(inOrder(securityHeaders(), requestId(deps.ids)));
  app.on(PROBE_METHODS, LIVEZ_PATHS, livez);
  app.on(PROBE_METHODS, READYZ_PATHS, (c) => respondJson(c, { status: 'not_ready' }, 503));
  app.notFound((c) => respondProblem(c, code, { origin: 'proxy', detail, retryAfterS }));
  return app;
}
