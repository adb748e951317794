/**
 * Combines OpenTelemetry's settings as its specification requires: a setting for logs takes precedence over the general
 * one, and the default comes last. Pure, and the same for every runtime.
 */
import type { LogResource } from '../../audit/delivery/otlp-logs.ts';
import type { RecordService } from '../../audit/record.ts';
import type { Settings } from '../schema.ts';

export interface OtlpExport {
  readonly url: string;
  /** Secret. */
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: 'gzip' | 'none';
  readonly timeoutMs: number;
  readonly resource: LogResource;
}

const TIMEOUT_MS = 10_000;

/** Null when there is no endpoint. `loadConfig` refuses that when AUDIT_SINKS has `otlp`. */
export function otlpExport(settings: Settings, service: RecordService): OtlpExport | null {
  const {
    OTEL_EXPORTER_OTLP_ENDPOINT: base,
    OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: url,
    OTEL_SERVICE_NAME: name,
  } = settings;
  if (url === null && base === null) return null;
  return {
    url: url ?? `${base ?? ''}/v1/logs`,
    headers: settings.OTEL_EXPORTER_OTLP_LOGS_HEADERS ?? settings.OTEL_EXPORTER_OTLP_HEADERS ?? {},
    compression: settings.OTEL_EXPORTER_OTLP_LOGS_COMPRESSION ?? settings.OTEL_EXPORTER_OTLP_COMPRESSION ?? 'none',
    timeoutMs: settings.OTEL_EXPORTER_OTLP_LOGS_TIMEOUT ?? settings.OTEL_EXPORTER_OTLP_TIMEOUT ?? TIMEOUT_MS,
    resource: {
      'service.name': service.name,
      'service.version': service.version,
      'service.instance.id': service.instance,
      ...settings.OTEL_RESOURCE_ATTRIBUTES,
      ...(name === null ? {} : { 'service.name': name }),
    },
  };
}
