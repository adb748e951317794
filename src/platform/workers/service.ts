/**
 * The composition on Workers: from the bindings to the handlers of one deployment (fetch, scheduled, queue). A Worker
 * cannot refuse to start, so one with a faulty configuration logs every problem and answers 503 to each request. The
 * fetch handler delivers no audit record: the ledger's Durable Object writes them to stdout and to the Queue, whose
 * consumer is `queue`.
 */
import { SERVICE_NAME, SERVICE_VERSION } from '../../config/service.ts';
import { createWorkersChanges } from './audit/changes.ts';
import { createAuditSinks } from './audit/sinks.ts';
import { clock as platformClock, createBackground, ids, random, schedule, traceIds } from './runtime.ts';
import type { Bindings } from './bindings.ts';
import { createBurstLimit } from './http-server/burst-limit.ts';
import { createClientAddress } from './http-server/client-address.ts';
import { readConfig } from './config.ts';
import { reportIgnored } from '../../config/reading/unknown-settings.ts';
import { consumeAudit } from './audit/consume-audit.ts';
import { createFetchDocument } from './http-client/fetch-document.ts';
import type { HttpClientOptions } from './http-client/http-client.ts';
import { createHttpClient } from './http-client/http-client.ts';
import { createKeySetCache, KEY_SET_CACHE } from './http-client/key-set-cache.ts';
import { createLookUpCache, LOOK_UP_CACHE } from './http-client/look-up-cache.ts';
import { createLedger } from './ledger/client.ts';
import type { WriteLine } from './telemetry/logger.ts';
import { createLogger } from './telemetry/logger.ts';
import { writeLevels } from './telemetry/levels.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { createOpenApiReader } from './http-server/open-api.ts';
import { createReadPage } from './http-server/pages.ts';
import { createService } from '../../service.ts';
import { perEnv } from './per-env.ts';
import { openPolicy } from './policy/source.ts';
import { openRecordAddress } from './secrets/record-address.ts';
import { createSecrets } from './secrets/secrets.ts';
import { retryMessage } from './audit/retry-message.ts';
import type { Clock } from '../../ports/clock.ts';
import { createUnavailableApp } from '../../routes/operations/unavailable-app.ts';

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

interface Handlers {
  /** False while something is missing that may come back: a Secrets Store that does not answer. */
  readonly isLasting: boolean;
  readonly answer: (request: Request, env: Bindings, context: ExecutionContext) => Promise<Response>;
  /** The recurring work, for the cron trigger. */
  readonly work: () => Promise<void>;
  readonly consume: (batch: MessageBatch) => Promise<void>;
}

async function openService(env: Bindings, builtIn: unknown, outside: Outside): Promise<Handlers> {
  const { write, clock = platformClock } = outside;
  const service = { name: SERVICE_NAME, version: SERVICE_VERSION, runtime: 'workerd', instance: env.VERSION?.id ?? '' };
  const read = await readConfig({ ...env });
  const logger = createLogger(
    { level: read.kind === 'loaded' ? read.config.settings.LOG_LEVEL : 'info', service },
    write,
  );
  const metrics = createMetrics(env.METRICS);
  const unavailable = createUnavailableApp({ ids, clock, logger, metrics }, 'not_set_up');
  const withoutLedger = createUnavailableApp({ ids, clock, logger, metrics }, 'no_ledger');
  const refuse = (problems: readonly string[], isLasting = true): Handlers => {
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
  reportIgnored(read.ignored, logger);
  const { settings, issuers } = read.config;
  const background = createBackground(logger);
  const ledger = createLedger({ namespace: env.LEDGER, clock, logger, metrics });
  const changes = createWorkersChanges({
    ...{ config: read.config, ledger, service, clock, background, logger },
    isNextKeySet: env.GALILEO_API_KEY_NEXT !== undefined,
  });
  const opened = openPolicy({
    builtIn,
    store: env.POLICY,
    issuers: issuers.map(({ name }) => name),
    clock,
    schedule,
    logger,
    metrics,
    record: changes.policy,
  });
  if (opened.kind === 'refused') return refuse(opened.problems);

  const addresses = await openRecordAddress(settings, env.AUDIT_HMAC_KEY, schedule);
  if (addresses.kind === 'refused') return refuse([addresses.problem], false);

  const http = createHttpClient(outside);
  const signIn =
    settings.GALILEO_AUTH === 'api_key'
      ? { galileoApiKey: env.GALILEO_API_KEY, galileoApiKeyNext: env.GALILEO_API_KEY_NEXT }
      : { galileoPassword: env.GALILEO_PASSWORD };
  const secrets = changes.watch(createSecrets({ ...signIn, clock, schedule, logger }));
  const { app, sweep, reconcile, groups } = createService(read.config, {
    ...{ clock, ids, traceIds, schedule, background, logger, metrics, service, http, ledger, secrets },
    keyUse: { note: (slot, _key, isTaken) => metrics.gauge('api_key_usable', Number(isTaken), { slot }) },
    trustedClock: clock,
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
    lookUps: {
      runsOnRead: true,
      shared: createLookUpCache({
        openCache: () => caches.open(LOOK_UP_CACHE),
        ledger,
        baseUrl: settings.GALILEO_API_URL,
      }),
      onMissing: (count) => metrics.gauge('groups_missing', count),
    },
    openApi: createOpenApiReader(env.ASSETS, settings.PUBLIC_URL),
    readPage: createReadPage(env.ASSETS),
  });
  /** An isolate that has only run the cron trigger so far does not know the policy in force yet. */
  const lookUpGroups = async (): Promise<void> => {
    if (groups !== null && (await opened.refresh()) === 'ready') await groups.refresh();
  };
  const sinks = createAuditSinks({ settings, bindings: env, service, http, clock, schedule, logger, metrics });
  return {
    isLasting: true,
    async answer(request, ...rest) {
      const refresh = opened.refresh();
      // Kept alive in the background: a disconnect would end a refresh that every request relies on.
      background.run(refresh);
      const readiness = await refresh;
      changes.retry();
      return await { ready: app, no_policy: unavailable, not_recorded: withoutLedger }[readiness].fetch(
        request,
        ...rest,
      );
    },
    async work() {
      // Nothing else waits for it.
      const lookedUp = lookUpGroups().catch(() => undefined);
      try {
        await sweep();
        await reconcile?.();
      } finally {
        await writeLevels({ metrics, ledger, sinks: settings.AUDIT_SINKS, clock, service });
        await lookedUp;
      }
    },
    async consume(batch) {
      await consumeAudit(batch, { sinks, ledger, queue: env.AUDIT_QUEUE, random, logger });
    },
  };
}
