/**
 * Counts and logs every answer once: route template, status, duration, problem code. It never logs the path as sent, a
 * query, a header field or a body, so no address and no token can get into its log lines.
 */
import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { isHealthPath } from '../lib/http/health-paths.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { AppEnv } from './app-env.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

export function telemetry(deps: { clock: Clock; logger: Logger; metrics: Metrics }): MiddlewareHandler<AppEnv> {
  return async function telemetry(c, next) {
    const startedAt = deps.clock.now();
    await next();
    const durationMs = deps.clock.now() - startedAt;
    // Health has a second path each, which counts with the first.
    const route = routePath(c, -1)
      .replace(/^\/?\*$/, 'unmatched')
      .replace(/(.)\/$/, '$1');
    const method = METHODS.has(c.req.method) ? c.req.method : 'other';
    const refusal = c.get('refusal') as AppEnv['Variables']['refusal'] | undefined;
    deps.metrics.count('http_requests', { route, method, status: String(c.res.status) });
    deps.metrics.observe('http_request_duration', durationMs / 1000, { route });
    if (refusal !== undefined) deps.metrics.count('refusals', { origin: refusal.origin, code: refusal.code });
    // Orchestrators call these every few seconds: counted, not logged.
    if (isHealthPath(route)) return;
    deps.logger.info('http_request', {
      request_id: c.get('requestId'),
      trace_id: c.get('traceId'),
      method,
      route,
      status: c.res.status,
      duration_ms: durationMs,
      code: refusal?.code,
      origin: refusal?.origin,
    });
  };
}
