/**
 * Rules that join settings of the audit trail. A setting without effect is refused like a missing one, because its
 * operator expects an effect that does not happen. Pure. A setting that failed to parse has already been reported.
 */
import { INTAKES, intakeUrlProblem } from '../audit/intake/intakes.ts';
import type { ConfigProblem, IsSet } from './contradictions.ts';
import type { Settings } from './schema.ts';
import type { AuditSinkName } from './setting-row.ts';

/** The settings that only the `http` sink uses. */
const ONLY_FOR_HTTP = [
  'AUDIT_HTTP_URL',
  'AUDIT_HTTP_PRESET',
  'AUDIT_HTTP_TOKEN',
  'AUDIT_HTTP_TOKEN_FILE',
  'AUDIT_HTTP_HEADERS',
] as const;
const HTTP_TOKENS = ['AUDIT_HTTP_TOKEN', 'AUDIT_HTTP_TOKEN_FILE'] as const;
const HMAC_KEYS = ['AUDIT_HMAC_KEY', 'AUDIT_HMAC_KEY_FILE'] as const;
const OTLP_ENDPOINTS = ['OTEL_EXPORTER_OTLP_LOGS_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const;

export function auditContradictions(settings: Partial<Settings>, isSet: IsSet): ConfigProblem[] {
  const { AUDIT_SINKS: sinks, AUDIT_EMAILS: emails } = settings;
  return [
    ...(sinks === undefined ? [] : ofSinks(sinks, isSet)),
    ...(sinks?.includes('http') === true ? ofIntake(settings, isSet) : []),
    ...(emails === undefined ? [] : ofEmails(emails, isSet)),
  ];
}

function ofSinks(sinks: readonly AuditSinkName[], isSet: IsSet): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (!sinks.includes('http')) {
    const message = 'has no effect: AUDIT_SINKS does not have http';
    problems.push(...ONLY_FOR_HTTP.filter(isSet).map((setting) => ({ setting, message })));
  } else if (!isSet('AUDIT_HTTP_URL')) {
    problems.push({ setting: 'AUDIT_HTTP_URL', message: 'must be set: AUDIT_SINKS has http' });
  }
  if (sinks.includes('otlp') && !OTLP_ENDPOINTS.some(isSet)) {
    const [endpoint, base] = OTLP_ENDPOINTS;
    problems.push({ setting: base, message: `or ${endpoint} must be set: AUDIT_SINKS has otlp` });
  }
  return problems;
}

/** Whether the address and the credentials are those of the intake that AUDIT_HTTP_PRESET names. */
function ofIntake(settings: Partial<Settings>, isSet: IsSet): ConfigProblem[] {
  const { AUDIT_HTTP_PRESET: preset, AUDIT_HTTP_URL: address, AUDIT_HTTP_HEADERS: headers } = settings;
  if (preset === undefined) return [];
  const problems: ConfigProblem[] = [];
  const url = URL.parse(address ?? '');
  const message = url === null ? null : intakeUrlProblem(preset, url);
  if (message !== null) problems.push({ setting: 'AUDIT_HTTP_URL', message });
  const { credentials, hasCloudEvents, needsCredentials } = INTAKES[preset];
  const field = credentials.field.toLowerCase();
  const names = Object.keys(headers ?? {});
  // A list in a secret store is not known here.
  const mayHaveField = names.includes(field) || (isSet('AUDIT_HTTP_HEADERS') && names.length === 0);
  const token = HTTP_TOKENS.find(isSet);
  if (needsCredentials && token === undefined && !mayHaveField) {
    problems.push({ setting: 'AUDIT_HTTP_TOKEN_FILE', message: `must be set: the preset ${preset} needs a token` });
  }
  if (token !== undefined && names.includes(field)) {
    problems.push({ setting: 'AUDIT_HTTP_HEADERS', message: `has ${field}, which ${token} sets; keep one` });
  }
  if (hasCloudEvents === true && names.some((name) => name.startsWith('ce-'))) {
    problems.push({ setting: 'AUDIT_HTTP_HEADERS', message: 'has a field that begins with ce-: the sink sets those' });
  }
  return problems;
}

function ofEmails(emails: Settings['AUDIT_EMAILS'], isSet: IsSet): ConfigProblem[] {
  const keys = HMAC_KEYS.filter(isSet);
  if (emails === 'plain') {
    return keys.map((setting) => ({ setting, message: 'has no effect: AUDIT_EMAILS is not hmac' }));
  }
  return keys.length > 0
    ? []
    : [{ setting: 'AUDIT_HMAC_KEY', message: 'or AUDIT_HMAC_KEY_FILE must be set: AUDIT_EMAILS is hmac' }];
}
