import { hostname } from 'node:os';
import { SERVICE_NAME, SERVICE_VERSION } from '../../../config/service.ts';
import type { Logger } from '../../../ports/logger.ts';
import { createLogger } from '../telemetry/logger.ts';
import { createOutput } from '../telemetry/output.ts';
import type { Output } from '../telemetry/output.ts';
import { onCrash } from './crash.ts';
import { letHeapGrow } from './heap-growth.ts';
import { createShutdown } from './shutdown.ts';
import type { Ending, Shutdown } from './shutdown.ts';

/**
 * A service as this process: log lines and audit records on stdout, signals, uncaught exceptions and exit codes. All
 * that touches the process is here, so that the service itself can be started anywhere.
 */
export type StartService<Service extends RunningService> = (host: {
  readonly env: Record<string, string | undefined>;
  readonly output: Output;
}) => Promise<
  | { readonly kind: 'started'; readonly service: Service }
  | { readonly kind: 'refused'; readonly problems: readonly string[] }
>;

export interface RunningService {
  reload(): void;
  readonly shutdown: Shutdown;
}

/**
 * Resolves when the service listens. Exits with 2 when the start is refused, every problem on stderr. Lines and records
 * go to `output`, which is stdout unless a local run says otherwise. `ending`: for tests.
 */
export async function runService<Service extends RunningService>(
  env: Record<string, string | undefined>,
  start: StartService<Service>,
  output: Output = createOutput(process.stdout.fd),
  ending?: Ending,
): Promise<Service> {
  letHeapGrow();
  // A diagnostic report would print the environment, and the key with it.
  process.report.excludeEnv = true;
  onCrash({ logger: crashLogger(output), flush: () => output.flush() });
  const attach = handleSignals(ending);
  const started = await start({ env, output });
  if (started.kind === 'refused') {
    const lines = started.problems.map((problem) => `  - ${problem}\n`);
    process.stderr.write(`${SERVICE_NAME} does not start:\n${lines.join('')}`);
    process.exit(2);
  }
  const { service } = started;
  attach(service);
  return service;
}

type Attach = (service: RunningService) => void;

/**
 * Handles SIGHUP, SIGTERM and SIGINT from now on, because a supervisor may send one as soon as it reads that the service
 * listens. A signal that comes before the service is attached takes effect then.
 */
function handleSignals(ending: Ending | undefined): Attach {
  const { promise: attached, resolve: attach } = Promise.withResolvers<RunningService>();
  const shutDown = attached.then(({ shutdown }) => createShutdown(shutdown, ending));
  process.on('SIGHUP', () => void attached.then((service) => service.reload()));
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.on(name, (signal) => void shutDown.then((end) => end(signal)));
  return attach;
}

/** Its level is fixed: a crash is logged whatever LOG_LEVEL says. */
function crashLogger(output: Output): Logger {
  return createLogger(
    { level: 'error', service: { name: SERVICE_NAME, version: SERVICE_VERSION, instance: hostname() } },
    output,
  );
}
