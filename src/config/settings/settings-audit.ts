/** The settings of the audit trail: sinks, format, keys and retention. */
import * as z from 'zod';
import { checkBearerToken, trimBearerToken } from '../../audit/delivery/bearer-token.ts';
import { INTAKE_NAMES } from '../../audit/intake/intakes.ts';
import { AUDIT_FORMATS } from '../../audit/format/formats.ts';
import { readHmacKey } from '../../audit/hmac-key.ts';
import { documentUrlProblem } from '../../auth/issuers.ts';
import { headerList } from './header-list-setting.ts';
import { urlFault } from '../reading/url-fault.ts';
import type { SettingRow } from '../setting-row.ts';
import {
  AUDIT_SINK_NAMES,
  checkedText,
  listOf,
  meantWord,
  originOf,
  path,
  wholeNumber,
  word,
  wordOf,
} from '../setting-row.ts';

const SINKS_PROBLEM = `must be one or more of ${AUDIT_SINK_NAMES.join(', ')}, separated by commas`;
const OTHER_SINKS = { console: 'stdout', https: 'http', webhook: 'http', otel: 'otlp', opentelemetry: 'otlp' } as const;

const sinks = z
  .string()
  .meta({ pattern: listOf(AUDIT_SINK_NAMES) })
  .transform((value, context) =>
    value.split(',').map((name) => {
      const found = wordOf(name, AUDIT_SINK_NAMES);
      if (found !== null) return found;
      context.addIssue({ code: 'custom', message: SINKS_PROBLEM + meantWord(name, AUDIT_SINK_NAMES, OTHER_SINKS) });
      return z.NEVER;
    }),
  )
  .refine((names) => new Set(names).size === names.length, 'must name each sink once');

/** Plain http is allowed only for a collector on the same machine. */
const collectorUrl = checkedText((value) => urlFault(value) ?? documentUrlProblem(value, { insecureDev: true }));

/** How people call the intakes, and what other programs write for them. */
const OTHER_INTAKES = {
  json: 'ndjson',
  jsonl: 'ndjson',
  webhook: 'ndjson',
  vector: 'ndjson',
  splunk: 'splunk-hec',
  hec: 'splunk-hec',
  elastic: 'elastic-bulk',
  elasticsearch: 'elastic-bulk',
  opensearch: 'elastic-bulk',
  bulk: 'elastic-bulk',
  dd: 'datadog',
  sentinel: 'json-array',
  azure: 'json-array',
  cloudflare: 'json-array',
  pipelines: 'json-array',
  array: 'json-array',
} as const;

const hmacKey = checkedText((value) => {
  const read = readHmacKey(value);
  return read.kind === 'read' ? null : read.problem;
});

export const AUDIT_SETTINGS = {
  AUDIT_SINKS: {
    parse: sinks,
    fallback: 'stdout',
    about:
      'Where the trail is delivered beyond the ledger: any of `stdout`, `http`, `otlp`, separated by commas. Each has its own cursor, and none waits for another.',
    example: 'stdout,http',
  },
  AUDIT_FORMAT: {
    parse: word(AUDIT_FORMATS),
    fallback: 'native',
    about:
      'Form of delivered lines: `native`, or `ocsf` (OCSF events, of requests API Activity, class 6003) with the native record inside.',
    example: 'ocsf',
  },
  AUDIT_HTTP_URL: {
    parse: collectorUrl,
    holds: 'url',
    shown: originOf,
    about:
      'Where the `http` sink posts batches. Plain http only to this machine. Beyond its host it is never printed, because some collectors take a token in it.',
    example: 'https://collector.acme.com/audit',
  },
  AUDIT_HTTP_PRESET: {
    parse: word(INTAKE_NAMES, OTHER_INTAKES),
    fallback: 'ndjson',
    about:
      'What `AUDIT_HTTP_URL` is an address of: `ndjson` (any receiver of lines), `splunk-hec`, `elastic-bulk` (also OpenSearch), `datadog`, or `json-array` (Cloudflare Pipelines, Microsoft Sentinel). docs/audit-intakes.md says what to set for each.',
    example: 'splunk-hec',
  },
  AUDIT_HTTP_TOKEN: {
    parse: checkedText(checkBearerToken).transform(trimBearerToken),
    secret: true,
    about:
      'Token of the `http` sink, alone, without `Bearer` or `Splunk` before it: `AUDIT_HTTP_PRESET` says how it is sent. Prefer `AUDIT_HTTP_TOKEN_FILE`.',
    example: '(secret)',
  },
  AUDIT_HTTP_TOKEN_FILE: {
    parse: path,
    holds: 'path',
    secretFile: true,
    about: 'File that holds the token; read for every batch, so a rotated token needs no restart.',
    example: '/run/secrets/audit-http-token',
  },
  AUDIT_HTTP_HEADERS: {
    parse: headerList,
    secret: true,
    about:
      'More fields for the `http` sink to send, as `name=value` pairs with commas between, values percent-encoded. Not those that the sink sets itself.',
    example: '(secret)',
  },
  AUDIT_EMAILS: {
    parse: word(['plain', 'hmac']),
    fallback: 'plain',
    about:
      'How addresses stand in audit records: as given, or as HMAC-SHA-256 under `AUDIT_HMAC_KEY_FILE`. Holds for records from then on.',
    example: 'hmac',
  },
  AUDIT_HMAC_KEY: {
    parse: hmacKey,
    secret: true,
    about: 'The key for addresses: 64 or more hex digits, or 32 or more characters. Prefer `AUDIT_HMAC_KEY_FILE`.',
    example: '(secret)',
  },
  AUDIT_HMAC_KEY_FILE: {
    parse: path,
    holds: 'path',
    secretFile: true,
    about: 'File that holds the key for addresses. Keep it: without it the trail cannot be searched by address.',
    example: '/run/secrets/audit-hmac-key',
  },
  AUDIT_SIGNING_KEY: {
    parse: z.string().min(1, 'must be a PEM text'),
    holds: 'lines',
    secret: true,
    about: 'Ed25519 private key (PKCS#8, PEM) that signs checkpoints. Prefer `AUDIT_SIGNING_KEY_FILE`.',
    example: '(secret)',
  },
  AUDIT_SIGNING_KEY_FILE: {
    parse: path,
    holds: 'path',
    secretFile: true,
    about: 'File that holds the Ed25519 private key (PKCS#8, PEM) that signs checkpoints; unset, they are not signed.',
    example: '/run/secrets/audit-signing-key.pem',
  },
  AUDIT_RETENTION_DAYS: {
    // A reply is kept for 7 days and a day's margin (REPLY_RETENTION_MS), and its record must not be deleted earlier.
    parse: wholeNumber(8, 36_500, 'days'),
    about:
      'Days after which records leave the ledger, once every sink has them; 8 to 36500. Unset: they are kept for ever.',
    example: '400',
  },
} as const satisfies Record<string, SettingRow>;
