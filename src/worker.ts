/// <reference types="@cloudflare/workers-types" />
/**
 * The service on Cloudflare Workers: reads the bindings, chooses the adapters, serves. tools/build-worker writes the module
 * that is deployed: this one, given the policy. A Worker cannot refuse to start, so one that is not fit to serve says
 * so in its log, problem by problem, and answers 503 to everything.
 */
import { createApp } from './app.ts';
import { SERVICE_NAME, SERVICE_VERSION } from './config/service.ts';
import { reconcile } from './invite/reconcile.ts';
import { sweep } from './invite/sweep.ts';
import { createAuditSinks } from './platform/workers/audit/sinks.ts';
import { clock as platformClock, createBackground, ids, random, schedule } from './platform/workers/runtime.ts';
import type { Bindings } from './platform/workers/bindings.ts';
import { createBurstLimit } from './platform/workers/http-server/burst-limit.ts';
import { createClientAddress } from './platform/workers/http-server/client-address.ts';
import { readConfig } from './platform/workers/config.ts';
import { consumeAudit } from './platform/workers/audit/consume-audit.ts';
import { createFetchDocument } from './platform/workers/http-client/fetch-document.ts';
import type { HttpClientOptions } from './platform/workers/http-client/http-client.ts';
import { createHttpClient } from './platform/workers/http-client/http-client.ts';
import { createKeySetCache, KEY_SET_CACHE } from './platform/workers/http-client/key-set-cache.ts';
import { createLedger } from './platform/workers/ledger/client.ts';
import type { WriteLine } from './platform/workers/telemetry/logger.ts';
import { createLogger } from './platform/workers/telemetry/logger.ts';
import { createMetrics } from './platform/workers/telemetry/metrics.ts';
import { createOpenApiReader } from './platform/workers/http-server/open-api.ts';
import { perEnv } from './platform/workers/per-env.ts';
import { openPolicy } from './platform/workers/policy/source.ts';
import { openRecordAddress } from './platform/workers/secrets/record-address.ts';
import { createSecrets } from './platform/workers/secrets/secrets.ts';
import { retryMessage } from './platform/workers/audit/retry-message.ts';
import type { Clock } from './ports/clock.ts';
import { createUnavailableApp } from './routes/operations/unavailable-app.ts';
import { deadlinesOf } from './upstream/deadline.ts';
import { createAskUsers } from './upstream/users.ts';

export { LedgerObject } from './platform/workers/ledger/ledger-object.ts';

/** The platform's own where it is left out. */
export interface Outside extends HttpClientOptions {
  /** Takes log lines. */
  readonly write?: WriteLine;
  readonly clock?: Clock;
}

/** `policy` is the parsed document that is in force unless KV holds another. */
export function createWorker(policy: unknown, outside: Outside = {}): ExportedHandler<Bindings> {
  const serviceOf = perEnv(
    (env: Bindings) => openService(env, policy, outside),
    ({ isLasting }) => isLasting,
  );
  return {
    async fetch(request, env, context) {
      const { answer } = await serviceOf(env);
      return await answer(request, env, context);
    },
    async scheduled(_event, env) {
      const { work } = await serviceOf(env);
      await work();
    },
    async queue(batch, env) {
      const { consume } = await serviceOf(env);
      await consume(batch);
    },
  };
}

interface Service {
  /** False while something is missing that may come back: a Secrets Store that does not answer. */
  readonly isLasting: boolean;
  readonly answer: (request: Request, env: Bindings, context: ExecutionContext) => Promise<Response>;
  /** What is done by and by, without anybody asking. */
  readonly work: () => Promise<void>;
  readonly consume: (batch: MessageBatch) => Promise<void>;
}

const DAY_MS = 24 * 60 * 60 * 1000;

async function openService(env: Bindings, builtIn: unknown, outside: Outside): Promise<Service> {
  const { write, clock = platformClock } = outside;
  const service = { name: SERVICE_NAME, version: SERVICE_VERSION, runtime: 'workerd', instance: env.VERSION?.id ?? '' };
  const read = await readConfig({ ...env });
  const logger = createLogger(
    { level: read.kind === 'loaded' ? read.config.settings.LOG_LEVEL : 'info', service },
    write,
  );
  const metrics = createMetrics(env.METRICS);
  const unavailable = createUnavailableApp({ ids, clock, logger, metrics });
  const refuse = (problems: readonly string[], isLasting = true): Service => {
    for (const problem of problems) logger.error('not_serving', { problem });
    return {
      isLasting,
      answer: async (request, ...rest) => await unavailable.fetch(request, ...rest),
      work: async () => undefined,
      async consume({ messages }) {
        for (const message of messages) await retryMessage(message, { queue: env.AUDIT_QUEUE, random, logger });
      },
    };
  };
  if (read.kind === 'refused') return refuse(read.problems);
  const { settings, issuers } = read.config;
  const opened = openPolicy({
    builtIn,
    store: env.POLICY,
    issuers: issuers.map(({ name }) => name),
    clock,
    schedule,
    logger,
    metrics,
  });
  if (opened.kind === 'refused') return refuse(opened.problems);

  const addresses = await openRecordAddress(settings, env.AUDIT_HMAC_KEY, schedule);
  if (addresses.kind === 'refused') return refuse([addresses.problem], false);

  const background = createBackground(logger);
  const http = createHttpClient(outside);
  const { GALILEO_API_KEY: galileoApiKey, GALILEO_API_KEY_NEXT: galileoApiKeyNext } = env;
  const ledger = createLedger({ namespace: env.LEDGER, logger, metrics });
  const deps = {
    clock,
    ids,
    schedule,
    background,
    logger,
    metrics,
    service,
    http,
    ledger,
    secrets: createSecrets({ galileoApiKey, galileoApiKeyNext, clock, schedule, logger }),
    // The object that keeps the trail delivers it, too.
    delivery: { wake: () => undefined },
    policy: opened.policy,
    fetchDocument: createKeySetCache({
      fetchDocument: createFetchDocument(outside),
      openCache: () => caches.open(KEY_SET_CACHE),
      clock,
      background,
    }),
    burstLimit: createBurstLimit(env.BURST_LIMIT),
    clientAddress: createClientAddress(),
    recordAddress: addresses.recordAddress,
    canAwaitAcrossRequests: false,
    draining: () => false,
    openApi: createOpenApiReader(env.ASSETS, settings.PUBLIC_URL),
    retention: {
      sinks: settings.AUDIT_SINKS,
      keepRecordsMs: settings.AUDIT_RETENTION_DAYS === null ? null : settings.AUDIT_RETENTION_DAYS * DAY_MS,
    },
    settings: {
      issuers,
      publicUrl: settings.PUBLIC_URL,
      corsOrigins: settings.CORS_ORIGINS,
      idempotency: settings.IDEMPOTENCY,
      galileoApiUrl: settings.GALILEO_API_URL,
      galileoApiKeyHeader: settings.GALILEO_API_KEY_HEADER,
      galileoTimeoutMs: settings.GALILEO_TIMEOUT_MS,
      insecureDev: settings.INSECURE_DEV,
    },
  };
  const app = createApp(deps);
  const askUsers = createAskUsers({
    ...deps,
    baseUrl: settings.GALILEO_API_URL,
    keyHeader: settings.GALILEO_API_KEY_HEADER,
    deadlines: deadlinesOf(settings.GALILEO_TIMEOUT_MS),
    version: SERVICE_VERSION,
  });
  const sinks = createAuditSinks({ settings, bindings: env, service, http, clock, schedule, logger });
  return {
    isLasting: true,
    async answer(request, ...rest) {
      const looking = opened.refresh();
      // A caller who hangs up meanwhile would otherwise end the look that everybody relies on.
      background.run(looking);
      return await ((await looking) ? app : unavailable).fetch(request, ...rest);
    },
    async work() {
      await sweep(deps);
      if (settings.GALILEO_RECONCILE) await reconcile({ ...deps, askUsers });
    },
    async consume(batch) {
      await consumeAudit(batch, { sinks, ledger, queue: env.AUDIT_QUEUE, random, logger });
    },
  };
}
