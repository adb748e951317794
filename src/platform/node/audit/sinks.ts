import type { RecordService } from '../../../audit/record.ts';
import { createHttpSink } from '../../../audit/delivery/http-sink.ts';
import { reportRefused } from '../../../audit/delivery/report-refused.ts';
import type { RefusalDeps } from '../../../audit/delivery/report-refused.ts';
import { createOtlpSink } from '../../../audit/delivery/otlp-sink.ts';
import type { Sink } from '../../../audit/delivery/sink.ts';
import { otlpExport } from '../../../config/settings/otlp-export.ts';
import type { Settings } from '../../../config/schema.ts';
import { egressOf } from '../../../config/settings/settings-egress.ts';
import type { AuditSinkName } from '../../../config/setting-row.ts';
import type { Clock } from '../../../ports/clock.ts';
import { createHttpClient } from '../http-client/http-client.ts';
import { schedule } from '../runtime.ts';
import { createStdoutSink } from '../telemetry/logger.ts';
import type { Output } from '../telemetry/output.ts';

/**
 * The audit sinks of the service on Node: one per name in AUDIT_SINKS, in that order. It builds the sinks and does not
 * deliver to them. The sinks share an HTTP client that the upstream client does not use, so that a slow collector holds
 * no connection that an invite needs.
 */
export interface AuditSinks {
  readonly sinks: readonly Sink[];
  /** Waits until running batches have ended, at the latest by their own deadlines, then drops the connections. */
  close(): Promise<void>;
  /** Drops the connections now; a running batch stays unacknowledged. */
  cut(): void;
}

export interface AuditSinksDeps extends RefusalDeps {
  readonly output: Pick<Output, 'write'>;
  readonly service: RecordService;
  readonly clock: Clock;
  /** See secrets/audit-secrets.ts. */
  readonly httpToken: () => Promise<string | null>;
}

/** Each of the two HTTP sinks has at most one batch running. */
const CONNECTIONS = 2;

/** Throws only for settings that config/load.ts refuses. */
export function createSinks(settings: Settings, deps: AuditSinksDeps): AuditSinks {
  const { output, service, clock, httpToken } = deps;
  const http = createHttpClient({ maxConnectionsPerOrigin: CONNECTIONS, egress: egressOf(settings) });
  const userAgent = `${service.name}/${service.version}`;
  const format = settings.AUDIT_FORMAT;
  const create: Readonly<Record<AuditSinkName, () => Sink>> = {
    stdout: () => createStdoutSink(output, format),
    http: () =>
      createHttpSink({
        http,
        clock,
        schedule,
        url: needed(settings.AUDIT_HTTP_URL),
        intake: settings.AUDIT_HTTP_PRESET,
        format,
        source: settings.PUBLIC_URL ?? `/${service.name}`,
        userAgent,
        token: httpToken,
        headers: async () => settings.AUDIT_HTTP_HEADERS ?? {},
        onRefused: reportRefused('http', deps),
      }),
    otlp: () => {
      const { headers, ...target } = needed(otlpExport(settings, service));
      const scope = { name: service.name, version: service.version };
      const onRefused = reportRefused('otlp', deps);
      return createOtlpSink({
        http,
        clock,
        schedule,
        ...target,
        headers: async () => headers,
        format,
        scope,
        userAgent,
        onRefused,
      });
    },
  };
  return {
    sinks: settings.AUDIT_SINKS.map((name) => create[name]()),
    close: () => http.close(),
    cut: () => http.cut(),
  };
}

function needed<T>(value: T | null): T {
  if (value === null) throw new Error('an audit sink has no address');
  return value;
}
