/**
 * The service on Node: reads the environment, chooses the adapters, serves. `node src/node.ts` is all there is to it.
 * Every problem of configuration, policy, key or ledger is printed before anything listens, none with a secret in it.
 * Exit codes: 0 after a clean stop, 1 after a failed one, 2 when the start is refused.
 */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { createApp } from './app.ts';
import { createRecordAddress } from './audit/record-address.ts';
import { keyCandidates } from './config/key-candidates.ts';
import { loadConfig } from './config/load.ts';
import type { Config } from './config/load.ts';
import { SECRET_SETTINGS } from './config/schema.ts';
import { SERVICE_NAME, SERVICE_VERSION } from './config/service.ts';
import { createOpenApi } from './openapi/document.ts';
import { runRecurring } from './tasks/recurring.ts';
import { reconcile } from './invite/reconcile.ts';
import { sweep } from './invite/sweep.ts';
import { BULKHEADS } from './middleware/limits/limit-concurrency.ts';
import { responseSent } from './platform/node/http-server/response-sent.ts';
import { readAuditSecrets } from './platform/node/secrets/audit-secrets.ts';
import { createSinks } from './platform/node/audit/sinks.ts';
import { openAuditTrail } from './platform/node/audit/trail.ts';
import { clock, createBackground, ids, schedule } from './platform/node/runtime.ts';
import { createClientAddress } from './platform/node/http-server/client-address.ts';
import { onCrash } from './platform/node/process/crash.ts';
import { exposureOf } from './platform/node/http-server/exposure.ts';
import { createFetchDocument } from './platform/node/http-client/fetch-document.ts';
import { createHttpClient } from './platform/node/http-client/http-client.ts';
import { openLedger } from './platform/node/ledger/open-ledger.ts';
import { createLogger } from './platform/node/telemetry/logger.ts';
import { createMetrics } from './platform/node/telemetry/metrics.ts';
import { createOutput } from './platform/node/telemetry/output.ts';
import { exposePolicyStatus } from './platform/node/telemetry/policy-metrics.ts';
import type { PolicyReload } from './platform/node/policy/reload.ts';
import { watchPolicy } from './platform/node/policy/source.ts';
import { createSecrets } from './platform/node/secrets/secrets.ts';
import { listen } from './platform/node/http-server/listener.ts';
import { onShutdown } from './platform/node/process/shutdown.ts';
import { createOpsApp } from './routes/operations/ops-app.ts';
import { createKeySearch } from './upstream/api-keys.ts';
import { deadlinesOf } from './upstream/deadline.ts';
import { createAskUsers } from './upstream/users.ts';

const SWEEP_INTERVAL_MS = 10_000;
const DAY_MS = 86_400_000;

/** Keys get pasted into the wrong setting, so what is told of settings is searched for them. */
function refuseStart(problems: readonly string[]): never {
  const printable = problems.map((problem) => (holdsKey(problem) ? '(withheld: a setting holds the key)' : problem));
  process.stderr.write(`${SERVICE_NAME} does not start:\n${printable.map((problem) => `  - ${problem}\n`).join('')}`);
  process.exit(2);
}

async function readConfig(): Promise<Config> {
  const loaded = await loadConfig(sources);
  if (loaded.kind === 'loaded') return loaded.config;
  return refuseStart(loaded.problems.map(({ setting, message }) => `${setting} ${message}`));
}

async function openPolicy(role: 'active' | 'shadow', path: string | null): Promise<PolicyReload | undefined> {
  if (path === null) return undefined;
  const issuers = config.issuers.map(({ name }) => name);
  const opened = await watchPolicy({ role, path, issuers, schedule, clock, logger, metrics });
  if (opened.kind === 'opened') return opened.policy;
  throw new Error(
    opened.problems.map(({ line, column, message }) => `${path}:${line}:${column} ${message}`).join('\n'),
  );
}

const problemsOf = (error: unknown): string[] =>
  (error instanceof Error ? error.message : 'unknown problem').split('\n');
const refuseWith = (error: unknown): never => refuseStart(problemsOf(error));

const sources = { env: process.env, readText: (path: string) => readFile(path, 'utf8') };
const holdsKey = createKeySearch(await keyCandidates(sources));
// A diagnostic report would print the environment, and the key with it.
process.report.excludeEnv = true;
const config = await readConfig();
// Out of the environment once they are read, so that no child or report has them.
for (const name of SECRET_SETTINGS) Reflect.deleteProperty(process.env, name);
const { settings } = config;
const service = { name: SERVICE_NAME, version: SERVICE_VERSION, runtime: 'node', instance: hostname() };
const output = createOutput(process.stdout.fd);
const logger = createLogger({ level: settings.LOG_LEVEL, service }, output);
onCrash({ logger, flush: () => output.flush() });
const metrics = createMetrics();
// What each of them finds wrong is told at once; an error holds one problem a line.
const refusals: string[] = [];
const orRefused = (error: unknown): undefined => void refusals.push(...problemsOf(error));
const policy = await openPolicy('active', settings.POLICY_FILE).catch(orRefused);
const shadowPolicy = await openPolicy('shadow', settings.SHADOW_POLICY_FILE).catch(orRefused);
const secrets = await createSecrets({
  galileoApiKey: settings.GALILEO_API_KEY ?? undefined,
  galileoApiKeyFile: settings.GALILEO_API_KEY_FILE ?? undefined,
  galileoApiKeyNext: settings.GALILEO_API_KEY_NEXT ?? undefined,
  galileoApiKeyNextFile: settings.GALILEO_API_KEY_NEXT_FILE ?? undefined,
  logger,
}).catch(orRefused);
const auditSecrets = await readAuditSecrets(settings).catch(orRefused);
if (policy === undefined || secrets === undefined || auditSecrets === undefined || refusals.length > 0) {
  refuseStart(refusals);
}
exposePolicyStatus(metrics, { active: policy, shadow: shadowPolicy });
process.on('SIGHUP', () => {
  policy.reload();
  shadowPolicy?.reload();
});
const ledger = await openLedger({ path: settings.LEDGER_URL.path, clock, ids, logger, metrics }).catch(refuseWith);
const http = createHttpClient({ maxConnectionsPerOrigin: BULKHEADS.invites.maxConcurrent });
const background = createBackground(logger);
const collectors = createSinks(settings, { output, service, clock, httpToken: auditSecrets.httpToken });
const trail = openAuditTrail({
  ledger,
  collectors,
  signer: auditSecrets.signer,
  clock,
  ids,
  schedule,
  logger,
  metrics,
});

let draining = false;
const deps = {
  clock,
  ids,
  schedule,
  background,
  logger,
  metrics,
  http,
  secrets,
  ledger,
  delivery: trail.delivery,
  recordAddress: createRecordAddress(auditSecrets.addresses),
  policy,
  shadowPolicy,
  service,
  fetchDocument: createFetchDocument(),
  clientAddress: createClientAddress(settings.TRUSTED_PROXY_HOPS),
  responseSent,
  canAwaitAcrossRequests: true,
  draining: () => draining,
  openApi: () => createOpenApi({ version: SERVICE_VERSION, publicUrl: settings.PUBLIC_URL }),
  settings: {
    issuers: config.issuers,
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
const reconcileDeps = {
  ...deps,
  askUsers: createAskUsers({
    ...{ http, secrets, version: SERVICE_VERSION, deadlines: deadlinesOf(settings.GALILEO_TIMEOUT_MS) },
    ...{ baseUrl: settings.GALILEO_API_URL, keyHeader: settings.GALILEO_API_KEY_HEADER },
  }),
};
const { AUDIT_RETENTION_DAYS: days, AUDIT_SINKS: sinks } = settings;
const retention = { sinks, keepRecordsMs: days === null ? null : days * DAY_MS };
const stopSweeping = runRecurring(SWEEP_INTERVAL_MS, () => sweep({ ...deps, retention }), deps);
const stopReconciling = settings.GALILEO_RECONCILE
  ? runRecurring(SWEEP_INTERVAL_MS, () => reconcile(reconcileDeps), deps)
  : null;
const exposure = exposureOf(settings);
const listener = { host: settings.HOST, ids, logger, metrics, schedule, limits: { keepAliveMs: exposure.keepAliveMs } };
const publicListener = await listen(app.fetch, { ...listener, name: 'public', port: settings.PORT }).catch(refuseWith);
const opsApp = createOpsApp({ ...deps, exposeMetrics: () => metrics.expose() });
const opsListener =
  settings.OPS_PORT === 0
    ? null
    : await listen(opsApp.fetch, { ...listener, name: 'ops', port: settings.OPS_PORT }).catch(refuseWith);
logger.info('listening', { host: settings.HOST, port: publicListener.port, ops_port: opsListener?.port ?? 0 });

onShutdown({
  logger,
  graceMs: exposure.graceMs,
  begin: () => {
    draining = true;
    publicListener.drain();
  },
  cut: () => {
    http.cut();
    trail.cut();
  },
  steps: [
    { name: 'public listener', run: () => publicListener.close() },
    { name: 'requests under way', run: () => background.idle() },
    { name: 'sweep', run: stopSweeping },
    { name: 'reconciliation', run: async () => stopReconciling?.() },
    ...trail.shutdown,
    { name: 'upstream connections', run: () => http.close() },
    { name: 'ops listener', run: async () => opsListener?.close() },
    { name: 'ledger', run: () => ledger.close() },
  ],
  flush: () => output.flush(),
});
