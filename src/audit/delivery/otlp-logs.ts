import type { AuditFormat } from '../format/formats.ts';
import { deliveredLine } from '../format/formats.ts';
import type { ItemFacts } from '../format/item-facts.ts';
import { itemFacts } from '../format/item-facts.ts';
import type { RecordOutcome } from '../record.ts';
import type { OutboxItem } from './sink.ts';

/**
 * Encodes items as an ExportLogsServiceRequest in the JSON mapping of OTLP 1.x: lowerCamelCase names, enums as numbers,
 * 64-bit integers as decimal strings. The body of a log record is the delivered line verbatim, so it can be verified
 * like the stored line. The few attributes describe the record and contain no personal data. Pure.
 */
export interface LogResource {
  readonly [attribute: string]: string;
}

export interface LogOrigin {
  readonly format: AuditFormat;
  readonly resource: LogResource;
  readonly scope: { readonly name: string; readonly version: string };
}

/** SeverityNumber of the OTLP logs model, with its name. */
const SEVERITY = {
  INFO: 9,
  WARN: 13,
  ERROR: 17,
} as const;

/** A refusal is a warning. An unknown outcome is an error, because a person must look into it. */
const SEVERITY_OF_RESULT: Readonly<Record<RecordOutcome['result'], keyof typeof SEVERITY>> = {
  admitted: 'INFO',
  accepted: 'INFO',
  replayed: 'INFO',
  previewed: 'INFO',
  denied: 'WARN',
  refused: 'WARN',
  not_sent: 'WARN',
  unknown: 'ERROR',
};

export function otlpLogs(items: readonly OutboxItem[], { format, resource, scope }: LogOrigin): object {
  return {
    resourceLogs: [
      {
        resource: { attributes: Object.entries(resource).map(([key, value]) => text(key, value)) },
        scopeLogs: [{ scope, logRecords: items.map((item) => logRecord(item, format)) }],
      },
    ],
  };
}

function logRecord(item: OutboxItem, format: AuditFormat): object {
  const facts = itemFacts(item);
  const severity = severityOf(facts);
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
    body: { stringValue: deliveredLine(format, item) },
    attributes: attributesOf(facts),
  };
}

function severityOf({ kind, request }: ItemFacts): keyof typeof SEVERITY {
  if (kind === 'unreadable') return 'ERROR';
  if (kind === 'suppressed') return 'WARN';
  return request === null ? 'INFO' : SEVERITY_OF_RESULT[request.result];
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
