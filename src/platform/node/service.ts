import { hostname } from 'node:os';
import { createRecordAddress } from '../../audit/record-address.ts';
import { loadConfig } from '../../config/load.ts';
import { reportIgnored } from '../../config/reading/unknown-settings.ts';
import { withoutKeys } from '../../config/key-candidates.ts';
import { SECRET_SETTINGS } from '../../config/schema.ts';
import { counterSeries, durationSeries } from '../../metric-series.ts';
import { egressOf } from '../../config/settings/settings-egress.ts';
import { SERVICE_NAME, SERVICE_VERSION } from '../../config/service.ts';
import { BULKHEADS } from '../../middleware/limits/limit-concurrency.ts';
import { withWitnesses } from '../../ledger/answer-witness.ts';
import type { Witness } from '../../ledger/trusted-time.ts';
import { createOpenApi } from '../../openapi/document.ts';
import { createOpsApp } from '../../routes/operations/ops-app.ts';
import { createReadiness } from '../../routes/operations/readiness.ts';
import { createService } from '../../service.ts';
import { runRecurring } from '../../tasks/recurring.ts';
import { createKeyUse } from '../../upstream/key-use.ts';
import { createSinks } from './audit/sinks.ts';
import { createNodeChanges } from './audit/changes.ts';
import { openAuditTrail } from './audit/trail.ts';
import { createFetchDocument } from './http-client/fetch-document.ts';
import { createHttpClient } from './http-client/http-client.ts';
import { createAnswersInFlight } from './http-server/answers-in-flight.ts';
import { createClientAddress } from './http-server/client-address.ts';
import { exposureOf } from './http-server/exposure.ts';
import { fieldBytes } from './http-server/field-bytes.ts';
import { listen } from './http-server/listener.ts';
import { readPage } from './http-server/pages.ts';
import { readBody } from './http-server/read-body.ts';
import { responseSent } from './http-server/response-sent.ts';
import { exposeClock } from './ledger/clock-reports.ts';
import { openServiceLedger } from './ledger/service-ledger.ts';
import { watchPolicy } from './policy/source.ts';
import type { WatchedPolicy } from './policy/source.ts';
import { runSteps } from './process/shutdown.ts';
import type { Shutdown, ShutdownStep } from './process/shutdown.ts';
import { clock, createBackground, ids, schedule, sha256, traceIds } from './runtime.ts';
import { readAuditSecrets } from './secrets/audit-secrets.ts';
import { createSecrets } from './secrets/secrets.ts';
import { createLogger } from './telemetry/logger.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { NODE_SERIES } from './telemetry/node-series.ts';
import type { Output } from './telemetry/output.ts';
import { exposePolicyStatus } from './telemetry/policy-metrics.ts';
import { exposeService } from './telemetry/service-metrics.ts';
import { readText } from './text-file.ts';

/**
 * The composition on Node: from an environment to a service that listens. Reads the configuration, opens the ports,
 * starts the background work, then the ops listener, and the public one last, so that no caller is served before
 * everything else is ready. Every problem of configuration, policy, secrets or ledger is reported at once, none with a
 * secret in it. Has no effect on the process itself: signals, crashes and exit codes belong to the entry.
 */
export interface NodeHost {
  /** Secrets are removed from it once they are read, so that no child process or report has them. */
  readonly env: Record<string, string | undefined>;
  /** Takes log lines and audit records. */
  readonly output: Output;
}

export type NodeServiceStart =
  | { readonly kind: 'started'; readonly service: NodeService }
  /** One sentence a problem. Whatever had been opened is closed again. */
  | { readonly kind: 'refused'; readonly problems: readonly string[] };

export interface NodeService {
  readonly port: number;
  /** 0: off. */
  readonly opsPort: number;
  /** Reads the policy files again. */
  reload(): void;
  /** Ends the service at once, step by step. A step that fails is logged and stops no other; then the result is false. */
  close(): Promise<boolean>;
  /** How the service ends for a signal, for `createShutdown`. */
  readonly shutdown: Shutdown;
}

const SWEEP_INTERVAL_MS = 10_000;
/** With the time of a lease (ledger/postgres/leases), within 30 s. */
export const TAKEOVER_INTERVAL_MS = 5_000;

export async function startNodeService({ env, output }: NodeHost): Promise<NodeServiceStart> {
  /** Closes what is open, newest first. */
  const opened: ShutdownStep[] = [];
  const sources = { env, readText };
  /** Reads every secret before the environment loses it. */
  const redact = await withoutKeys(sources);
  const refuse = async (problems: readonly string[]): Promise<NodeServiceStart> => {
    for (const { run } of opened.toReversed()) await run().catch(() => undefined);
    return { kind: 'refused', problems: problems.map(redact) };
  };

  const loaded = await loadConfig(sources);
  if (loaded.kind === 'refused')
    return await refuse(loaded.problems.map(({ setting, message }) => `${setting} ${message}`));
  for (const name of SECRET_SETTINGS) Reflect.deleteProperty(env, name);
  const { config } = loaded;
  const { settings } = config;
  const service = { name: SERVICE_NAME, version: SERVICE_VERSION, runtime: 'node', instance: hostname() };
  const logger = createLogger({ level: settings.LOG_LEVEL, service }, output);
  const metrics = createMetrics();
  reportIgnored(loaded.ignored, logger);

  const problems: string[] = [];
  const orProblems = (error: unknown): undefined => void problems.push(...problemsOf(error));
  const changes = createNodeChanges({ config, service, runtime: `node ${process.version}`, clock, schedule, logger });
  const openPolicy = async (role: 'active' | 'shadow', path: string): Promise<OpenedPolicy> => {
    const issuers = config.issuers.map(({ name }) => name);
    const record = role === 'active' ? changes.policy : undefined;
    const watched = await watchPolicy({ role, path, issuers, schedule, clock, logger, metrics, record });
    if (watched.kind === 'refused')
      throw new Error(
        watched.problems.map(({ line, column, message }) => `${path}:${line}:${column} ${message}`).join('\n'),
      );
    opened.push({ name: `${role} policy`, run: async () => watched.policy.close() });
    return watched;
  };
  const active = await openPolicy('active', settings.POLICY_FILE).catch(orProblems);
  const shadow =
    settings.SHADOW_POLICY_FILE === null
      ? undefined
      : await openPolicy('shadow', settings.SHADOW_POLICY_FILE).catch(orProblems);
  const galileoSecrets = await createSecrets(settings, logger).catch(orProblems);
  const auditSecrets = await readAuditSecrets(settings).catch(orProblems);
  if (active === undefined || galileoSecrets === undefined || auditSecrets === undefined || problems.length > 0) {
    return await refuse(problems);
  }

  const { policy } = active;
  const shadowPolicy = shadow?.policy;
  const secrets = changes.watch(galileoSecrets);
  const place = await openServiceLedger(settings, { clock, ids, schedule, logger, metrics }).catch(orProblems);
  if (place === undefined) return await refuse(problems);
  const { ledger, isShared } = place;
  opened.push(...place.opened);

  const checkpointKey = auditSecrets.signer?.keyId ?? null;
  await changes.begin({ ledger, isShared, secrets, policy: active.kept, checkpointKey }).catch(() => {
    problems.push('LEDGER_URL names a ledger that cannot take the record of the start; the log has the reason');
  });
  if (problems.length > 0) return await refuse(problems);

  const hearWitness = (witness: Witness): void => void ledger.witness(witness);
  const egress = egressOf(settings);
  const client = createHttpClient({ maxConnectionsPerOrigin: BULKHEADS.invites.maxConcurrent, egress });
  const http = withWitnesses(client, hearWitness);
  const background = createBackground(logger);
  const collectors = createSinks(settings, {
    output,
    service,
    clock,
    logger,
    metrics,
    httpToken: auditSecrets.httpToken,
  });
  const trail = openAuditTrail({
    ledger,
    isShared,
    collectors,
    signer: auditSecrets.signer,
    service,
    clock,
    trustedClock: { now: ledger.now },
    ids,
    schedule,
    logger,
    metrics,
  });
  changes.deliverWith(trail.delivery);
  // A replica that has died left records behind, and its work.
  if (isShared)
    opened.push({
      name: 'work of other replicas',
      run: runRecurring(TAKEOVER_INTERVAL_MS, async () => trail.delivery.wake(), { schedule, logger }),
    });
  exposeClock(metrics, ledger.clockState);
  let draining = false;
  const answersInFlight = createAnswersInFlight();
  const keyUse = createKeyUse();
  const ports = {
    ...{
      clock,
      ids,
      traceIds,
      schedule,
      background,
      logger,
      metrics,
      http,
      secrets,
      keyUse,
      ledger,
      policy,
      shadowPolicy,
      service,
      responseSent,
      fieldBytes,
      readBody,
      readPage,
      answersInFlight,
      sha256,
    },
    delivery: trail.delivery,
    trailFault: trail.trailFault,
    recordAddress: createRecordAddress(auditSecrets.addresses),
    fetchDocument: createFetchDocument({ hear: hearWitness, egress }),
    trustedClock: { now: ledger.now },
    hearWitness,
    clientAddress: createClientAddress(settings.TRUSTED_PROXY_HOPS),
    canAwaitAcrossRequests: true,
    draining: () => draining,
    openApi: () => createOpenApi({ version: SERVICE_VERSION, publicUrl: settings.PUBLIC_URL }),
  };
  const { app, refuseRequest, sweep, reconcile, groups } = createService(config, ports);
  place.expose(metrics);
  exposePolicyStatus(metrics, { active: policy, shadow: shadowPolicy });
  exposeService(metrics, { service, ledger, secrets, keyUse, groups, readiness: createReadiness(ports) });
  metrics.begin(counterSeries(config, NODE_SERIES), durationSeries(app.routes.map(({ path: route }) => route)));

  const exposure = exposureOf(settings);
  const listener = {
    host: settings.HOST,
    refuse: refuseRequest,
    logger,
    metrics,
    schedule,
    limits: { keepAliveMs: exposure.keepAliveMs, maxConnectionsPerAddress: exposure.maxConnectionsPerAddress },
  };
  const opsApp = createOpsApp({ ...ports, exposeMetrics: () => metrics.expose() });
  const opsListener =
    settings.OPS_PORT === 0
      ? null
      : await listen(opsApp.fetch, { ...listener, name: 'ops', port: settings.OPS_PORT }).catch(orProblems);
  if (opsListener === undefined) return await refuse(problems);
  opened.push({ name: 'ops listener', run: async () => opsListener?.close() });
  opened.push({ name: 'upstream connections', run: () => client.close() }, ...trail.shutdown.toReversed());
  opened.push(changes.shutdown);
  if (reconcile !== null)
    opened.push({ name: 'reconciliation', run: runRecurring(SWEEP_INTERVAL_MS, reconcile, ports) });
  if (groups !== null) opened.push({ name: 'look-ups', run: runRecurring(SWEEP_INTERVAL_MS, groups.refresh, ports) });
  opened.push({ name: 'sweep', run: runRecurring(SWEEP_INTERVAL_MS, sweep, ports) });
  opened.push({ name: 'requests under way', run: () => background.idle() });
  const publicListener = await listen(app.fetch, {
    ...listener,
    name: 'public',
    port: settings.PORT,
    answersInFlight,
  }).catch(orProblems);
  if (publicListener === undefined) return await refuse(problems);
  opened.push({ name: 'public listener', run: () => publicListener.close() });
  logger.info('listening', { host: settings.HOST, port: publicListener.port, ops_port: opsListener?.port ?? 0 });

  const shutdown = {
    logger,
    graceMs: exposure.graceMs,
    begin: () => {
      draining = true;
      publicListener.drain();
    },
    cut: () => {
      client.cut();
      trail.cut();
    },
    steps: opened.toReversed(),
    flush: () => output.flush(),
  };
  return {
    kind: 'started',
    service: {
      port: publicListener.port,
      opsPort: opsListener?.port ?? 0,
      reload() {
        policy.reload();
        shadowPolicy?.reload();
      },
      async close() {
        shutdown.begin();
        return await runSteps(shutdown);
      },
      shutdown,
    },
  };
}

type OpenedPolicy = Extract<WatchedPolicy, { kind: 'opened' }>;

/** An error of an opening step holds one problem a line. */
function problemsOf(error: unknown): string[] {
  return (error instanceof Error ? error.message : 'unknown problem').split('\n');
}
