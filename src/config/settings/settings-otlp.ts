/**
 * OpenTelemetry's settings that the `otlp` sink uses. They are standard variables that a platform may set for every
 * program, so they are read only when AUDIT_SINKS has `otlp`. A general one is read only when the one for logs is not
 * set. The defaults are those of the specification; they are in otlp-export.
 */
import * as z from 'zod';
import { documentUrlProblem } from '../../auth/issuers.ts';
import { attributeList, headerList } from './header-list-setting.ts';
import { urlFault } from '../reading/url-fault.ts';
import type { SettingRow } from '../setting-row.ts';
import { checkedText, originOf, wholeNumber, word } from '../setting-row.ts';

const endpoint = checkedText(
  (value) =>
    urlFault(value) ??
    documentUrlProblem(value, { insecureDev: true }) ??
    (value.includes('?') ? 'must have no query' : null),
);

const compression = word(['gzip', 'none']);

const timeout = wholeNumber(100, 60_000, 'ms');

const protocol = z.literal(
  'http/json',
  'must be http/json: it is the only OTLP encoding that the audit trail is sent in',
);

export const OTLP_SETTINGS = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    holds: 'url',
    parse: endpoint.transform((value) => value.replace(/\/+$/, '')),
    sink: 'otlp',
    yieldsTo: 'OTEL_EXPORTER_OTLP_LOGS_ENDPOINT',
    shown: originOf,
    about: 'Base address of the OTLP/HTTP receiver; `/v1/logs` is added. Plain http only to this machine.',
    example: 'https://otlp.acme.com:4318',
  },
  OTEL_EXPORTER_OTLP_LOGS_ENDPOINT: {
    parse: endpoint,
    holds: 'url',
    sink: 'otlp',
    shown: originOf,
    about: 'The same for logs alone, taken as it is.',
    example: 'https://otlp.acme.com:4318/v1/logs',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    parse: headerList,
    secret: true,
    sink: 'otlp',
    yieldsTo: 'OTEL_EXPORTER_OTLP_LOGS_HEADERS',
    about: 'Fields to send along, as `name=value` pairs with commas between, values percent-encoded.',
    example: '(secret)',
  },
  OTEL_EXPORTER_OTLP_LOGS_HEADERS: {
    parse: headerList,
    secret: true,
    sink: 'otlp',
    about: 'The same for logs alone; in place of the general ones.',
    example: '(secret)',
  },
  OTEL_EXPORTER_OTLP_COMPRESSION: {
    parse: compression,
    sink: 'otlp',
    yieldsTo: 'OTEL_EXPORTER_OTLP_LOGS_COMPRESSION',
    about: '`gzip` or `none`, which is the default.',
    example: 'gzip',
  },
  OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: {
    parse: compression,
    sink: 'otlp',
    about: 'The same for logs alone.',
    example: 'gzip',
  },
  OTEL_EXPORTER_OTLP_TIMEOUT: {
    parse: timeout,
    sink: 'otlp',
    yieldsTo: 'OTEL_EXPORTER_OTLP_LOGS_TIMEOUT',
    about: 'Milliseconds for one batch, 100 to 60000; 10000 by default.',
    example: '10000',
  },
  OTEL_EXPORTER_OTLP_LOGS_TIMEOUT: {
    parse: timeout,
    sink: 'otlp',
    about: 'The same for logs alone.',
    example: '10000',
  },
  OTEL_EXPORTER_OTLP_PROTOCOL: {
    parse: protocol,
    sink: 'otlp',
    yieldsTo: 'OTEL_EXPORTER_OTLP_LOGS_PROTOCOL',
    about: 'Only `http/json`, which is also the default here; anything else beside the `otlp` sink stops the start.',
    example: 'http/json',
  },
  OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: {
    parse: protocol,
    sink: 'otlp',
    about: 'The same for logs alone.',
    example: 'http/json',
  },
  OTEL_SERVICE_NAME: {
    parse: z.string().min(1, 'must be a name'),
    sink: 'otlp',
    about: '`service.name` of the resource that the records belong to; `galileo-invite-proxy` by default.',
    example: 'invites',
  },
  OTEL_RESOURCE_ATTRIBUTES: {
    parse: attributeList,
    sink: 'otlp',
    about: 'More attributes of that resource, as `name=value` pairs with commas between, values percent-encoded.',
    example: 'deployment.environment.name=production',
  },
} as const satisfies Record<string, SettingRow>;
