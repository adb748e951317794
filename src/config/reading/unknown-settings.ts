import { didYouMean } from '../../lib/text/nearest.ts';
import type { Logger } from '../../ports/logger.ts';
import type { ConfigProblem } from '../contradictions.ts';
import { wordOf } from '../setting-row.ts';
import { INJECTED, isSettingName, OWN_PREFIXES, SETTING_NAMES } from '../schema.ts';

/**
 * Judges the variables that are no settings of this service but look like some. Those of Galileo's SDK are ignored and
 * named. What a platform injects is ignored. Any other is a mistake, because its operator expects an effect. Pure. A
 * value is never quoted, and a name only when it is one that a person would write.
 */
type Environment = Readonly<Record<string, string | undefined>>;

export interface UnknownSettings {
  readonly problems: readonly ConfigProblem[];
  /** Without effect, and no mistake. */
  readonly ignored: readonly ConfigProblem[];
}

const OF_SDK = 'is a setting of Galileo’s SDK and is ignored here';
const SIGNS_IN = '; GALILEO_AUTH says how this service signs in';
const SENDS_TO = '; this service sends to GALILEO_API_URL';

/** Galileo's Python and JavaScript SDKs and their forerunners, each name with what replaces it here. */
export const SDK_SETTINGS: Readonly<Record<string, string>> = {
  GALILEO_CONSOLE_URL: SENDS_TO,
  GALILEO_JWT_TOKEN: SIGNS_IN,
  GALILEO_SSO_ID_TOKEN: SIGNS_IN,
  GALILEO_SSO_PROVIDER: SIGNS_IN,
  GALILEO_LOG_LEVEL: '; the setting of this service is LOG_LEVEL',
  GALILEO_PROJECT: '',
  GALILEO_PROJECT_ID: '',
  GALILEO_PROJECT_NAME: '',
  GALILEO_LOG_STREAM: '',
  GALILEO_LOG_STREAM_ID: '',
  GALILEO_LOG_STREAM_NAME: '',
  GALILEO_MODE: '',
  GALILEO_LOGGING_DISABLED: '',
  GALILEO_DISABLE_LOGGING: '',
  GALILEO_DISABLED: '',
  GALILEO_VERBOSE: '',
  GALILEO_RUN_NAME: '',
  GALILEO_DEFAULT_SCORER_MODEL: '',
  GALILEO_DEFAULT_SCORER_JUDGES: '',
  GALILEO_INGEST_BETA_DISABLED: '',
  GALILEO_MINIO_URL: '',
  GALILEO_MINIO_ACCESS_KEY: '',
  GALILEO_MINIO_SECRET_KEY: '',
};

/** Settings of this service only where it signs in with a password. */
const SETTINGS_OF_BOTH: ReadonlySet<string> = new Set(['GALILEO_USERNAME', 'GALILEO_PASSWORD']);

function signsInWithPassword(env: Environment): boolean {
  return wordOf(env['GALILEO_AUTH'] ?? '', ['basic', 'password']) !== null;
}

/** Families of the SDK that gain members with its versions. */
export const SDK_FAMILIES =
  /^GALILEO_(?:PROJECT|LOG_STREAM|EXPERIMENT|DATASET|DEFAULT|SCORER|SSO|CODE_VALIDATION|PROTECT|OBSERVE|EVALUATE)_[A-Z0-9_]+$/;

export function unknownSettings(env: Environment): UnknownSettings {
  const problems: ConfigProblem[] = [];
  const ignored: ConfigProblem[] = [];
  const isSet = (name: string): boolean => (env[name] ?? '') !== '';
  for (const name of Object.keys(env)) {
    if (SETTINGS_OF_BOTH.has(name) && isSet(name) && !signsInWithPassword(env))
      ignored.push({ setting: name, message: OF_SDK + SIGNS_IN });
    if (isSettingName(name)) continue;
    const setting = plainName(name);
    if (setting !== name) {
      const fault = spellingFault(name, setting);
      if (isKnown(setting) && fault !== null && !isSet(setting)) problems.push({ setting, message: fault });
      continue;
    }
    if (!OWN_PREFIXES.some((own) => name.startsWith(own)) || isInjected(name, env)) continue;
    const instead = Object.hasOwn(SDK_SETTINGS, name) ? SDK_SETTINGS[name] : SDK_FAMILIES.test(name) ? '' : undefined;
    if (instead !== undefined) ignored.push({ setting: name, message: OF_SDK + instead });
    else problems.push({ setting: name, message: `is not a setting of this service${hint(name)}` });
  }
  return { problems, ignored };
}

/** Logs the ignored ones, one line each. */
export function reportIgnored(ignored: readonly ConfigProblem[], logger: Logger): void {
  for (const { setting, message } of ignored) logger.warn('setting_ignored', { setting, problem: message });
}

function hint(name: string): string {
  return didYouMean(name, SETTING_NAMES) || '; see docs/config.md';
}

function isKnown(setting: string): boolean {
  return isSettingName(setting) || OWN_PREFIXES.some((own) => setting.startsWith(own));
}

/** Docker's links inject the name and the variables of another container, beside its port. */
function isInjected(name: string, env: Environment): boolean {
  if (INJECTED.test(name)) return true;
  const [, alias] = /^(.+?)_(?:NAME|ENV_.+)$/.exec(name) ?? [];
  return alias !== undefined && /^(?:tcp|udp|sctp):\/\//.test(env[`${alias}_PORT`] ?? '');
}

const MARK = /^\uFEFF/;

/** The name that was meant by one with a mark, with spaces around it or with other letters. */
function plainName(name: string): string {
  const bare = name
    .replace(MARK, '')
    .replace(/^\s*export\s+/, '')
    .trim();
  const capitals = bare.toUpperCase().replaceAll(/[-.]/g, '_');
  // Another program may have a variable of the same letters, such as `host`.
  return isSettingName(capitals) && OWN_PREFIXES.some((own) => capitals.startsWith(own)) ? capitals : bare;
}

/** Null for a variable that another program may read. */
function spellingFault(name: string, setting: string): string | null {
  if (MARK.test(name)) return 'has a byte order mark before its name: save its file as UTF-8 without one';
  if (/\s/.test(name)) return 'has a space or “export” before or behind its name: remove it';
  return isSettingName(setting) ? `is set under another spelling; the name is ${setting}` : null;
}
