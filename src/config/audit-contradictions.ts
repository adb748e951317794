/**
 * Rules that join settings of the audit trail. A setting without effect is refused like a missing one, because its
 * operator expects an effect that does not happen. Pure. A setting that failed to parse has already been reported.
 */
import type { ConfigProblem, IsSet } from './contradictions.ts';
import type { Settings } from './schema.ts';
import type { AuditSinkName } from './setting-row.ts';

/** The settings that only the `http` sink uses. */
const ONLY_FOR_HTTP = ['AUDIT_HTTP_URL', 'AUDIT_HTTP_TOKEN', 'AUDIT_HTTP_TOKEN_FILE'] as const;
const HMAC_KEYS = ['AUDIT_HMAC_KEY', 'AUDIT_HMAC_KEY_FILE'] as const;
const OTLP_ENDPOINTS = ['OTEL_EXPORTER_OTLP_LOGS_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'] as const;

export function auditContradictions(settings: Partial<Settings>, isSet: IsSet): ConfigProblem[] {
  const { AUDIT_SINKS: sinks, AUDIT_EMAILS: emails } = settings;
  return [
    ...(sinks === undefined ? [] : ofSinks(sinks, isSet)),
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

function ofEmails(emails: Settings['AUDIT_EMAILS'], isSet: IsSet): ConfigProblem[] {
  const keys = HMAC_KEYS.filter(isSet);
  if (emails === 'plain') {
    return keys.map((setting) => ({ setting, message: 'has no effect: AUDIT_EMAILS is not hmac' }));
  }
  return keys.length > 0
    ? []
    : [{ setting: 'AUDIT_HMAC_KEY', message: 'or AUDIT_HMAC_KEY_FILE must be set: AUDIT_EMAILS is hmac' }];
}
