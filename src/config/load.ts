/**
 * Loads the whole configuration at once: returns all of it, or every problem. Pure: the environment and the function
 * that reads files are arguments. A problem never contains a secret.
 */
import { TOKEN_FIELDS } from '../auth/token/credentials.ts';
import { issuerProfile } from '../auth/issuer-profile.ts';
import type { IssuerConfig } from '../auth/issuers.ts';
import { issuerProblem } from '../auth/issuers.ts';
import { namedTextFileProblem } from '../lib/text/text-file-error.ts';
import { auditContradictions } from './audit-contradictions.ts';
import { consoleContradictions } from './console-contradictions.ts';
import type { ConfigProblem, IsSet } from './contradictions.ts';
import { contradictions } from './contradictions.ts';
import { galileoContradictions } from './galileo-contradictions.ts';
import type { SettingDraft, SettingName, SettingRow, Settings } from './schema.ts';
import { readIssuers } from './reading/issuers-text.ts';
import { settingText, surroundingFault } from './reading/setting-text.ts';
import { unknownSettings } from './reading/unknown-settings.ts';
import { isComplete, isOptional, isSettingName, SETTING_NAMES, SETTING_ROWS } from './schema.ts';

export type { ConfigProblem } from './contradictions.ts';

export interface Config {
  readonly settings: Settings;
  readonly issuers: readonly IssuerConfig[];
}

export type LoadedConfig = {
  /** Settings of Galileo's SDK that have no effect here, each with a message in the form of a problem's. */
  readonly ignored: readonly ConfigProblem[];
} & (
  | { readonly kind: 'loaded'; readonly config: Config }
  | { readonly kind: 'refused'; readonly problems: readonly ConfigProblem[]; readonly readable: ReadableConfig }
);

/**
 * The valid part of a refused configuration, for tools that continue after the first problem. Never used for serving.
 */
export interface ReadableConfig {
  /** Only the settings without a problem. */
  readonly settings: Partial<Settings>;
  /** Null when they could not be read. Includes entries whose URLs were refused. */
  readonly issuers: readonly IssuerConfig[] | null;
}

export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Rejects with a TextFileError when the file cannot be used. */
  readonly readText: (path: string) => Promise<string>;
  /** Settings whose value is kept elsewhere (a secret store) and not read here: they count as set. */
  readonly bound?: ReadonlySet<string>;
}

/** Loads and checks every setting. Empty variables count as absent. */
export async function loadConfig({ env, readText, bound = new Set() }: ConfigSources): Promise<LoadedConfig> {
  const { problems: unknown, ignored } = unknownSettings(env);
  const problems: ConfigProblem[] = [...unknown];
  const draft: SettingDraft = {};
  const isSet: IsSet = (name) => bound.has(name) || settingText(name, env) !== undefined;
  const readSetting = <K extends SettingName>(name: K): void => {
    const row = SETTING_ROWS[name];
    const text = settingText(name, env) ?? row.fallback;
    if (text === undefined || !isRead(row, draft, isSet)) {
      if (isOptional(name)) draft[name] = null;
      return;
    }
    const surrounding = surroundingFault(text, row);
    const parsed = row.parse.safeParse(text);
    if (surrounding === null && parsed.success) draft[name] = parsed.data;
    else problems.push({ setting: name, message: surrounding ?? parsed.error?.issues[0]?.message ?? 'is not valid' });
  };
  for (const name of SETTING_NAMES) readSetting(name);
  const issuers = await loadIssuers(draft, readText, problems);
  problems.push(
    ...galileoContradictions(draft, isSet),
    ...contradictions(draft, isSet, env),
    ...auditContradictions(draft, isSet),
    ...consoleContradictions(draft, isSet),
    ...unreachableIssuers(draft, issuers ?? []),
  );
  if (problems.length === 0 && isComplete(draft))
    return { kind: 'loaded', config: { settings: draft, issuers: issuers ?? [] }, ignored };
  for (const { setting } of problems) if (isSettingName(setting)) Reflect.deleteProperty(draft, setting);
  return { kind: 'refused', problems, readable: { settings: draft, issuers }, ignored };
}

/** The rows that depend on AUDIT_SINKS and GALILEO_AUTH follow them. Undefined: it was refused. */
function isRead(
  row: SettingRow,
  { AUDIT_SINKS: sinks, GALILEO_AUTH: scheme }: Pick<SettingDraft, 'AUDIT_SINKS' | 'GALILEO_AUTH'>,
  isSet: IsSet,
): boolean {
  if (row.ofPasswordSchemes === true && (scheme === 'api_key' || scheme === undefined)) return false;
  if (row.sink !== undefined && sinks?.includes(row.sink) !== true) return false;
  if (row.needs !== undefined && !isSet(row.needs)) return false;
  return row.yieldsTo === undefined || !isSet(row.yieldsTo);
}

/** A token that browsers add automatically is accepted only from an allowed origin or the console (auth/token/credentials). */
function unreachableIssuers(settings: Partial<Settings>, issuers: readonly IssuerConfig[]): ConfigProblem[] {
  if (settings.CORS_ORIGINS?.length !== 0 || settings.PAGES !== false) return [];
  return issuers
    .filter((issuer) => TOKEN_FIELDS[issuerProfile(issuer).tokenField].ambient)
    .map(({ name }) => ({
      setting: 'CORS_ORIGINS',
      message: `must name the origins that bring tokens of issuer ${name}, or none of them can be accepted: PAGES is off, so there is no console either`,
    }));
}

async function loadIssuers(
  settings: Partial<Settings>,
  readText: ConfigSources['readText'],
  problems: ConfigProblem[],
): Promise<readonly IssuerConfig[] | null> {
  const { AUTH_ISSUERS: inline = null, AUTH_ISSUERS_FILE: file = null, INSECURE_DEV: insecureDev = false } = settings;
  const setting = inline === null ? 'AUTH_ISSUERS_FILE' : 'AUTH_ISSUERS';
  let text = inline;
  if (text === null && file !== null) {
    try {
      text = await readText(file);
    } catch (error) {
      problems.push({ setting, message: namedTextFileProblem(error) });
    }
  }
  if (text === null) return null;
  const read = readIssuers(text);
  if (read.kind === 'refused') {
    problems.push(...read.problems.map((message) => ({ setting, message })));
    return null;
  }
  for (const entry of read.issuers) {
    const message = issuerProblem(entry, { insecureDev });
    if (message !== null) problems.push({ setting, message: `${entry.name}: ${message}` });
  }
  return read.issuers;
}
