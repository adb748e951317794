import { checkBearerToken, trimBearerToken } from '../../../audit/delivery/bearer-token.ts';
import type { RecordService } from '../../../audit/record.ts';
import { createHttpSink } from '../../../audit/delivery/http-sink.ts';
import { reportRefused } from '../../../audit/delivery/report-refused.ts';
import { createOtlpSink } from '../../../audit/delivery/otlp-sink.ts';
import type { Sink } from '../../../audit/delivery/sink.ts';
import { parseHeaderList } from '../../../config/settings/header-list.ts';
import { otlpExport } from '../../../config/settings/otlp-export.ts';
import type { Settings } from '../../../config/schema.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { HttpPort } from '../../../ports/http.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Metrics } from '../../../ports/metrics.ts';
import type { Schedule } from '../../../ports/schedule.ts';
import type { Bindings } from '../bindings.ts';
import type { SecretBinding } from '../secrets/bound-secret.ts';
import { createBoundSecret } from '../secrets/bound-secret.ts';

/**
 * Makes the audit sinks other than stdout for the Queue consumer on Workers. A sink's own credentials may be entries of
 * the Secrets Store; they are then read for each batch. The Durable Object of the ledger writes to stdout by itself.
 */
export interface AuditSinksDeps {
  readonly settings: Settings;
  readonly bindings: Pick<
    Bindings,
    'AUDIT_HTTP_TOKEN' | 'AUDIT_HTTP_HEADERS' | 'OTEL_EXPORTER_OTLP_HEADERS' | 'OTEL_EXPORTER_OTLP_LOGS_HEADERS'
  >;
  readonly service: RecordService;
  readonly http: HttpPort;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'count'>;
}

export function createAuditSinks(deps: AuditSinksDeps): readonly Sink[] {
  const { settings, service, http, clock, schedule } = deps;
  const wanted = new Set<string>(settings.AUDIT_SINKS);
  const shared = {
    http,
    clock,
    schedule,
    format: settings.AUDIT_FORMAT,
    userAgent: `${service.name}/${service.version}`,
  };
  const sinks: Sink[] = [];
  if (wanted.has('http') && settings.AUDIT_HTTP_URL !== null) {
    sinks.push(
      createHttpSink({
        ...shared,
        url: settings.AUDIT_HTTP_URL,
        intake: settings.AUDIT_HTTP_PRESET,
        source: settings.PUBLIC_URL ?? `/${service.name}`,
        token: httpToken(deps),
        headers: httpHeaders(deps),
        onRefused: reportRefused('http', deps),
      }),
    );
  }
  const otlp = wanted.has('otlp') ? otlpExport(settings, service) : null;
  if (otlp !== null) {
    const headers = otlpHeaders(deps, otlp.headers);
    const scope = { name: service.name, version: service.version };
    sinks.push(createOtlpSink({ ...shared, ...otlp, headers, scope, onRefused: reportRefused('otlp', deps) }));
  }
  return sinks;
}

function httpToken(deps: AuditSinksDeps): () => Promise<string | null> {
  const token = openSecret('AUDIT_HTTP_TOKEN', deps.bindings.AUDIT_HTTP_TOKEN, checkBearerToken, deps);
  return async () => (token === null ? null : trimBearerToken(await token()));
}

function httpHeaders(deps: AuditSinksDeps): ReadHeaders {
  return headersIn('AUDIT_HTTP_HEADERS', deps.settings.AUDIT_HTTP_HEADERS ?? {}, deps);
}

function otlpHeaders(deps: AuditSinksDeps, inSettings: Readonly<Record<string, string>>): ReadHeaders {
  const isOfLogs = deps.bindings.OTEL_EXPORTER_OTLP_LOGS_HEADERS !== undefined;
  const setting = isOfLogs ? 'OTEL_EXPORTER_OTLP_LOGS_HEADERS' : 'OTEL_EXPORTER_OTLP_HEADERS';
  return headersIn(setting, inSettings, deps);
}

type ReadHeaders = () => Promise<Readonly<Record<string, string>>>;

/** `inSettings`: the headers from text bindings, as the settings have read them. */
function headersIn(
  setting: 'AUDIT_HTTP_HEADERS' | 'OTEL_EXPORTER_OTLP_HEADERS' | 'OTEL_EXPORTER_OTLP_LOGS_HEADERS',
  inSettings: Readonly<Record<string, string>>,
  deps: AuditSinksDeps,
): ReadHeaders {
  const binding = deps.bindings[setting];
  if (binding === undefined || typeof binding === 'string') return async () => inSettings;
  const isList = (text: string): string | null =>
    parseHeaderList(text) === null ? 'must be name=value pairs, separated by commas' : null;
  const list = openSecret(setting, binding, isList, deps);
  return async () => (list === null ? {} : (parseHeaderList(await list()) ?? {}));
}

/** Null when nothing is bound. */
function openSecret(
  setting: string,
  binding: SecretBinding | undefined,
  check: (text: string) => string | null,
  { clock, schedule, logger }: Pick<AuditSinksDeps, 'clock' | 'schedule' | 'logger'>,
): (() => Promise<string>) | null {
  if (binding === undefined || binding === '') return null;
  const onUnusable = (problem: string): void => logger.error('audit_secret_unusable', { setting, problem });
  const secret = createBoundSecret({ binding, clock, schedule, check, onUnusable });
  return () => secret.value();
}
