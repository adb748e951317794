/**
 * createApp: shows the whole order of a request on one screen. Each step is a file of its own in middleware/, and the
 * use cases are in invite/. This file does not depend on the runtime.
 */
import { Hono } from 'hono';
import { protectedResource, resourceMetadataUrl } from './auth/protected-resource.ts';
import type { Scope } from './auth/principal.ts';
import { createTokenVerifier } from './auth/verify.ts';
import type { Deps } from './deps.ts';
import { createPreviewInvites } from './invite/preview-invites.ts';
import { createSendInvites } from './invite/send-invites.ts';
import { LIVEZ_PATHS, PROBE_METHODS, READYZ_PATHS } from './lib/http/health-paths.ts';
import type { AppEnv } from './middleware/app-env.ts';
import { authenticate } from './middleware/authenticate.ts';
import { bodyLimit } from './middleware/limits/body-limit.ts';
import { cors } from './middleware/cors.ts';
import { idempotencyKey } from './middleware/idempotency-key.ts';
import { inOrder } from './middleware/in-order.ts';
import { headerLimit } from './middleware/limits/header-limit.ts';
import { limitAnswers } from './middleware/limits/limit-answers.ts';
import { rateLimitByAddress } from './middleware/limits/rate-limit-by-address.ts';
import { methodNotAllowed, notFound } from './middleware/answers/no-route.ts';
import { onError } from './middleware/answers/on-error.ts';
import { pinPolicy } from './middleware/pin-policy.ts';
import { plainPath } from './middleware/plain-path.ts';
import { prefer } from './middleware/prefer.ts';
import { createRefusedOrigins } from './middleware/refused-origins.ts';
import { requestId } from './middleware/request-id.ts';
import { requirePerson } from './middleware/require-person.ts';
import { securityHeaders } from './middleware/answers/security-headers.ts';
import { source } from './middleware/source.ts';
import { limitConcurrency } from './middleware/limits/limit-concurrency.ts';
import { telemetry } from './middleware/telemetry.ts';
import { traceContext } from './middleware/trace-context.ts';
import { isDryRun, readStrictly, validateInvite } from './middleware/validation/validate-invite.ts';
import { validateCounts, validateSearch, validateSettlement } from './middleware/validation/validate-body.ts';
import { auditCounts } from './routes/audit/counts.ts';
import { createScanTrail } from './routes/audit/scan-trail.ts';
import { searchAudit } from './routes/audit/search.ts';
import { auditStatus } from './routes/audit/status.ts';
import { auditPolicy } from './routes/audit/policies.ts';
import { auditRecords } from './routes/audit/records.ts';
import { createInvitePolicy } from './routes/invite-policy.ts';
import { serveConsole } from './routes/pages/console.ts';
import { servePages } from './routes/pages/pages.ts';
import { staticJson } from './routes/static-document.ts';
import { findInviteRequest, listInviteRequests } from './routes/invite-requests.ts';
import { inviteUsers } from './routes/invite-users.ts';
import { settleRequest } from './routes/settle-request.ts';
import { livez, readyz } from './routes/operations/probes.ts';
import { createReadiness } from './routes/operations/readiness.ts';
import { createBreaker } from './upstream/breaker.ts';
import { deadlinesOf } from './upstream/deadline.ts';
import { createSend } from './upstream/send.ts';

/** Builds the service over these ports. Throws when the settings are unfit for serving. */
export function createApp(deps: Deps): Hono<AppEnv> {
  const { settings, logger } = deps;
  const { publicUrl, issuers } = settings;
  const send = createSend({
    ...deps,
    breaker: createBreaker(deps),
    baseUrl: settings.galileoApiUrl,
    deadlines: deadlinesOf(settings.galileoTimeoutMs),
    version: deps.service.version,
  });
  const invites = {
    sendInvites: createSendInvites({
      ...deps,
      send,
      upstreamTimeoutMs: settings.galileoTimeoutMs,
      reconciles: settings.reconciles,
    }),
    previewInvites: createPreviewInvites(deps),
    service: deps.service,
  };
  const authenticateFor = authenticate({
    verifier: createTokenVerifier({
      ...deps,
      ...settings,
      hearIssuedAt: (atMs) => deps.hearWitness?.({ atMs, kind: 'at_least' }),
    }),
    logger,
    resourceMetadataUrl: publicUrl === null ? null : resourceMetadataUrl(publicUrl),
  });

  const allow = (...scopes: readonly Scope[]) => inOrder(authenticateFor(...scopes));
  const bulkheads = limitConcurrency(deps);
  const searching = { ...deps, scanTrail: createScanTrail(deps) };

  const readiness = createReadiness(deps);

  const app = new Hono<AppEnv>();
  app.use(telemetry(deps));
  app.onError(onError(logger));
  app.use(
    inOrder(
      securityHeaders(),
      requestId(deps.ids),
      traceContext(deps),
      pinPolicy(deps.policy),
      cors(settings, { refused: createRefusedOrigins(deps) }),
      headerLimit(deps),
      plainPath(),
      source(deps.clientAddress),
      ...(deps.burstLimit === undefined ? [] : [rateLimitByAddress(deps.burstLimit, deps.metrics)]),
      limitAnswers(deps),
      bodyLimit(deps),
    ),
  );

  app.post(
    '/v2/invite_users',
    allow('invites:write'),
    bulkheads.invites,
    inOrder(idempotencyKey(settings.idempotency), prefer(), readStrictly, validateInvite),
    (c) => inviteUsers(c, invites, isDryRun(c)),
  );
  app.get('/v2/invite_policy', allow('invites:write'), bulkheads.reads, createInvitePolicy(deps));
  app.get('/v2/invite_requests', allow('invites:write', 'audit:read'), bulkheads.reads, (c) =>
    listInviteRequests(c, deps),
  );
  app.get('/v2/invite_requests/:id', allow('invites:write', 'audit:read'), bulkheads.reads, (c) =>
    findInviteRequest(c, deps, c.req.param('id')),
  );
  app.post(
    '/v2/invite_requests/:id/settlement',
    allow('invites:settle'),
    inOrder(requirePerson),
    bulkheads.reads,
    inOrder(readStrictly),
    validateSettlement,
    (c) => settleRequest(c, deps, c.req.valid('json')),
  );
  app.get('/audit/records', allow('audit:read'), bulkheads.trail, (c) => auditRecords(c, deps));
  app.get('/audit/status', allow('audit:read'), bulkheads.trail, (c) => auditStatus(c, deps));
  app.get('/audit/policies/:digest', allow('audit:read'), bulkheads.trail, (c) =>
    auditPolicy(c, deps, c.req.param('digest')),
  );
  app.post('/audit/search', allow('audit:read'), bulkheads.searches, inOrder(readStrictly), validateSearch, (c) =>
    searchAudit(c, searching, c.req.valid('json')),
  );
  app.post('/audit/counts', allow('audit:read'), bulkheads.searches, inOrder(readStrictly), validateCounts, (c) =>
    auditCounts(c, searching, c.req.valid('json')),
  );
  app.get('/openapi.json', staticJson(deps.openApi));
  app.on(PROBE_METHODS, LIVEZ_PATHS, livez);
  app.on(PROBE_METHODS, READYZ_PATHS, (c) => readyz(c, readiness));
  if (publicUrl !== null) {
    app.get(
      '/.well-known/oauth-protected-resource',
      staticJson(() => protectedResource(publicUrl, issuers, settings)),
    );
  }
  servePages(app, deps);
  serveConsole(app, deps);
  methodNotAllowed(app);
  app.notFound(notFound);
  return app;
}
