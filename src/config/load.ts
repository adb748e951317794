/**
 * Reads the whole configuration at once and either has it all or names every problem. Pure: the environment
 * and file reading come in as arguments. No secret is ever part of a problem.
 */
import { TOKEN_FIELDS } from '../auth/credentials.ts';
import { issuerProfile } from '../auth/issuer-profile.ts';
import type { IssuerConfig } from '../auth/issuers.ts';
import { documentUrlProblem, isLoopbackUrl, issuersSchema, issuerUrlProblem } from '../auth/issuers.ts';
import { parseStrictJson } from '../contract/strict-json.ts';
import type { SettingName, SettingRow, Settings } from './schema.ts';
import { INJECTED, OWN_PREFIXES, SETTINGS } from './schema.ts';

export interface Config {
  readonly settings: Settings;
  readonly issuers: readonly IssuerConfig[];
}

export interface ConfigProblem {
  readonly setting: string;
  readonly message: string;
}

export type LoadedConfig =
  | { readonly kind: 'loaded'; readonly config: Config }
  | { readonly kind: 'refused'; readonly problems: readonly ConfigProblem[]; readonly readable: ReadableConfig };

/** What a refused configuration still says, for tools that look on past the first problem. Never to be served with. */
export interface ReadableConfig {
  /** Only what no problem names. */
  readonly settings: Partial<Settings>;
  /** Null when they could not be read; entries whose URLs were refused are among them. */
  readonly issuers: readonly IssuerConfig[] | null;
}

export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Rejects when the file cannot be read. */
  readonly readText: (path: string) => Promise<string>;
}

/** Loads and checks every setting. Empty variables count as absent. */
export async function loadConfig({ env, readText }: ConfigSources): Promise<LoadedConfig> {
  const problems: ConfigProblem[] = [...unknownSettings(env)];
  const values: Record<string, unknown> = {};
  for (const [name, row] of Object.entries<SettingRow>(SETTINGS)) {
    const raw = env[name] === undefined || env[name] === '' ? row.fallback : env[name];
    if (raw === undefined) {
      values[name] = null;
      continue;
    }
    const parsed = row.parse.safeParse(raw);
    if (parsed.success) values[name] = parsed.data;
    else problems.push({ setting: name, message: parsed.error.issues[0]?.message ?? 'is not valid' });
  }
  const settings = values as Settings;
  const issuers = await loadIssuers(settings, readText, problems);
  problems.push(...contradictions(settings, env), ...unreachableIssuers(settings, issuers ?? []));
  if (problems.length === 0) return { kind: 'loaded', config: { settings, issuers: issuers ?? [] } };
  const named = new Set(problems.map(({ setting }) => setting));
  const unnamed = Object.entries(values).filter(([name]) => !named.has(name));
  return { kind: 'refused', problems, readable: { settings: Object.fromEntries(unnamed), issuers } };
}

function unknownSettings(env: ConfigSources['env']): ConfigProblem[] {
  return Object.keys(env)
    .filter((name) => !(name in SETTINGS) && !INJECTED.test(name) && OWN_PREFIXES.some((own) => name.startsWith(own)))
    .map((setting) => ({ setting, message: 'is not a setting of this service; see docs/config.md' }));
}

/** Rules that join settings. A pair of which one failed to parse has been reported already. */
function contradictions(settings: Settings, env: ConfigSources['env']): ConfigProblem[] {
  const isSet = (name: SettingName): boolean => env[name] !== undefined && env[name] !== '';
  const problems: ConfigProblem[] = [];
  for (const name of ['GALILEO_API_KEY', 'GALILEO_API_KEY_NEXT', 'AUTH_ISSUERS'] as const) {
    if (isSet(name) && isSet(`${name}_FILE`)) {
      problems.push({ setting: name, message: `and ${name}_FILE are both set; keep one` });
    }
  }
  if (!isSet('GALILEO_API_KEY') && !isSet('GALILEO_API_KEY_FILE')) {
    problems.push({ setting: 'GALILEO_API_KEY', message: 'or GALILEO_API_KEY_FILE must be set' });
  }
  if (!isSet('AUTH_ISSUERS') && !isSet('AUTH_ISSUERS_FILE')) {
    problems.push({ setting: 'AUTH_ISSUERS', message: 'or AUTH_ISSUERS_FILE must be set' });
  }
  if (settings.GALILEO_API_URL !== undefined) {
    const message = issuerUrlProblem(settings.GALILEO_API_URL, { insecureDev: settings.INSECURE_DEV });
    if (message !== null) problems.push({ setting: 'GALILEO_API_URL', message });
  }
  if (settings.INSECURE_DEV && settings.GALILEO_API_URL !== undefined && !isLoopbackUrl(settings.GALILEO_API_URL)) {
    problems.push({ setting: 'INSECURE_DEV', message: 'is 1 beside a GALILEO_API_URL that is not on this machine' });
  }
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    problems.push({ setting: 'NODE_TLS_REJECT_UNAUTHORIZED', message: 'is 0: certificates must be checked' });
  }
  if (settings.PORT !== undefined && settings.PORT !== 0 && settings.PORT === settings.OPS_PORT) {
    problems.push({ setting: 'OPS_PORT', message: 'is the same as PORT' });
  }
  return problems;
}

/** A token that browsers add by themselves counts only beside an allowed Origin (see credentials.ts). */
function unreachableIssuers(settings: Settings, issuers: readonly IssuerConfig[]): ConfigProblem[] {
  if (settings.CORS_ORIGINS?.length !== 0) return [];
  return issuers
    .filter((issuer) => TOKEN_FIELDS[issuerProfile(issuer).tokenField].ambient)
    .map(({ name }) => ({
      setting: 'CORS_ORIGINS',
      message: `must name the origins that bring tokens of issuer ${name}, or none of them can be accepted`,
    }));
}

async function loadIssuers(
  settings: Settings,
  readText: ConfigSources['readText'],
  problems: ConfigProblem[],
): Promise<readonly IssuerConfig[] | null> {
  const { AUTH_ISSUERS: inline, AUTH_ISSUERS_FILE: file, INSECURE_DEV: insecureDev } = settings;
  const setting = inline === null ? 'AUTH_ISSUERS_FILE' : 'AUTH_ISSUERS';
  const text = inline ?? (file === null ? null : await readText(file).catch(() => null));
  if (text === null) {
    if (file !== null) problems.push({ setting, message: 'names a file that cannot be read' });
    return null;
  }
  const json = parseStrictJson(text);
  if (json.kind === 'invalid') {
    problems.push({ setting, message: `is not valid JSON at character ${json.position}` });
    return null;
  }
  const parsed = issuersSchema.safeParse(json.value);
  if (!parsed.success) {
    for (const { path, message } of parsed.error.issues) {
      problems.push({ setting, message: `${path.length === 0 ? '' : `${path.join('.')}: `}${message}` });
    }
    return null;
  }
  for (const { name, issuer, jwks_uri: jwksUri } of parsed.data) {
    const message =
      issuerUrlProblem(issuer, { insecureDev }) ??
      (jwksUri === undefined ? null : documentUrlProblem(jwksUri, { insecureDev }));
    if (message !== null) problems.push({ setting, message: `${name}: ${message}` });
  }
  return parsed.data;
}
