/**
 * Rules that join settings, except those of the audit trail and of signing in to Galileo (*-contradictions). Pure. A setting that failed to
 * parse is `undefined` here and has already been reported. No message quotes a value.
 */
import { isLoopbackUrl, issuerUrlProblem } from '../auth/issuers.ts';
import type { SettingRow, Settings } from './schema.ts';
import { SETTING_ROWS } from './schema.ts';
import { variablesOf } from './setting-row.ts';

export interface ConfigProblem {
  readonly setting: string;
  readonly message: string;
}

/** Whether the deployment sets this setting itself, in any place; a default does not count. */
export type IsSet = (name: string) => boolean;

/** Each may be set directly or through the setting with `_FILE`, which names a file; not both. */
const EITHER_OR = [
  'GALILEO_API_KEY',
  'GALILEO_API_KEY_NEXT',
  'GALILEO_PASSWORD',
  'AUTH_ISSUERS',
  'AUDIT_HTTP_TOKEN',
  'AUDIT_HMAC_KEY',
  'AUDIT_SIGNING_KEY',
] as const;

const NEEDED = ['AUTH_ISSUERS'] as const;

export function contradictions(
  settings: Partial<Settings>,
  isSet: IsSet,
  env: Readonly<Record<string, string | undefined>>,
): ConfigProblem[] {
  const { INSECURE_DEV: insecureDev = false } = settings;
  const problems: ConfigProblem[] = [];
  for (const name of EITHER_OR) {
    if (isSet(name) && isSet(`${name}_FILE`)) {
      problems.push({ setting: name, message: `and ${name}_FILE are both set; keep one` });
    }
  }
  for (const name of NEEDED) {
    if (!isSet(name) && !isSet(`${name}_FILE`)) {
      problems.push({ setting: name, message: `or ${name}_FILE must be set` });
    }
  }
  if (settings.GALILEO_API_URL !== undefined) {
    const message = issuerUrlProblem(settings.GALILEO_API_URL, { insecureDev });
    if (message !== null) problems.push({ setting: 'GALILEO_API_URL', message });
  }
  if (insecureDev && settings.GALILEO_API_URL !== undefined && !isLoopbackUrl(settings.GALILEO_API_URL)) {
    problems.push({ setting: 'INSECURE_DEV', message: 'is 1 beside a GALILEO_API_URL that is not on this machine' });
  }
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    problems.push({ setting: 'NODE_TLS_REJECT_UNAUTHORIZED', message: 'is 0: certificates must be checked' });
  }
  for (const [name, row] of Object.entries<SettingRow>(SETTING_ROWS)) {
    const texts = variablesOf(name, row).map((variable) => env[variable] ?? '');
    const given = new Set(texts.filter((text) => text !== ''));
    const isRead = row.needs === undefined || isSet(row.needs);
    if (isRead && given.size > 1) {
      problems.push({ setting: name, message: `and ${name.toLowerCase()} are both set and differ; keep one` });
    }
  }
  if (settings.SHADOW_POLICY_FILE !== undefined && settings.SHADOW_POLICY_FILE === settings.POLICY_FILE) {
    problems.push({ setting: 'SHADOW_POLICY_FILE', message: 'has no effect: it is the same file as POLICY_FILE' });
  }
  problems.push(...ledgerContradictions(settings, isSet));
  if (settings.PORT !== undefined && settings.PORT !== 0 && settings.PORT === settings.OPS_PORT) {
    problems.push({ setting: 'OPS_PORT', message: 'is the same as PORT' });
  }
  return problems;
}

const OF_POSTGRES = ['LEDGER_PASSWORD_FILE', 'LEDGER_CA_FILE'] as const;

/** A setting of one kind of ledger has no effect on the other. */
function ledgerContradictions({ LEDGER_URL: place }: Partial<Settings>, isSet: IsSet): ConfigProblem[] {
  if (place === undefined) return [];
  if (place.kind === 'sqlite')
    return OF_POSTGRES.filter(isSet).map((setting) => ({ setting, message: 'has no effect: LEDGER_URL names a file' }));
  return [
    ...(isSet('LEDGER_MIN_FREE_MB')
      ? [
          {
            setting: 'LEDGER_MIN_FREE_MB',
            message: 'has no effect: LEDGER_URL names a database, whose disk is not seen from here',
          },
        ]
      : []),
    ...(isSet('LEDGER_CA_FILE') && !place.tls
      ? [{ setting: 'LEDGER_CA_FILE', message: 'has no effect: the connection to LEDGER_URL is without TLS' }]
      : []),
  ];
}
