import type { ItemFacts } from '../format/item-facts.ts';
import { severityOf } from '../format/severity.ts';
import type { Severity } from '../format/severity.ts';
import type { Entry } from './entry.ts';

/**
 * Encodes entries as an ExportLogsServiceRequest in the JSON mapping of OTLP 1.x: lowerCamelCase names, enums as numbers,
 * 64-bit integers as decimal strings. The body of a log record is the delivered line verbatim, so it can be verified
 * like the stored line. The few attributes describe the record and contain no personal data. Pure.
 */
export interface LogResource {
  readonly [attribute: string]: string;
}

export interface LogOrigin {
  readonly resource: LogResource;
  readonly scope: { readonly name: string; readonly version: string };
}

/** SeverityNumber of the OTLP logs model, with its name. */
const SEVERITY = {
  INFO: 9,
  WARN: 13,
  ERROR: 17,
} as const satisfies Record<Severity, number>;

export function otlpLogs(entries: readonly Entry[], { resource, scope }: LogOrigin): object {
  return {
    resourceLogs: [
      {
        resource: { attributes: Object.entries(resource).map(([key, value]) => text(key, value)) },
        scopeLogs: [{ scope, logRecords: entries.map(logRecord) }],
      },
    ],
  };
}

function logRecord({ facts, line }: Entry): object {
  const severity = severityOf(facts);
  const traceId = facts.request?.traceId ?? null;
  // 0 is the specification's unknown time.
  const timeUnixNano = facts.time === null ? '0' : `${Date.parse(facts.time)}000000`;
  return {
    timeUnixNano,
    // The ledger's clock observed the record. With the time of sending, a repeated batch would differ from the first
    // one.
    observedTimeUnixNano: timeUnixNano,
    severityNumber: SEVERITY[severity],
    severityText: severity,
    eventName: `galileo_invite_proxy.audit.${facts.kind}`,
    body: { stringValue: line },
    attributes: attributesOf(facts),
    // Hex in the JSON mapping, unlike other bytes. The record holds neither span nor flags.
    ...(traceId === null ? {} : { traceId }),
  };
}

function attributesOf({ id, kind, seq, request }: ItemFacts): readonly object[] {
  return [
    // OpenTelemetry semantic conventions: log records with the same uid are the same record.
    text('log.record.uid', id),
    { key: 'audit.seq', value: { intValue: String(seq) } },
    text('audit.kind', kind),
    ...(request === null ? [] : [text('audit.request_id', request.id), text('audit.outcome', request.result)]),
  ];
}

function text(key: string, value: string): object {
  return { key, value: { stringValue: value } };
}
