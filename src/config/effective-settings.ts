/**
 * Every setting as it is in force, and where it came from: for people who ask what a deployment runs with. Pure. A
 * secret is never shown, a refused value is not repeated (it may be a secret in the wrong place), and the path to a
 * secret only once it is known to name a file.
 */
import type { ConfigSources } from './load.ts';
import type { SettingName, SettingRow, Settings } from './schema.ts';
import { SETTINGS } from './schema.ts';

export interface EffectiveSetting {
  readonly name: SettingName;
  /** As text, the way it would be written; null when it is unset, refused or must not be shown. */
  readonly value: string | null;
  readonly source: 'environment' | 'file' | 'default' | 'unset';
  /** Why there is a source and no value. */
  readonly hidden: 'secret' | 'refused' | 'not_a_file' | null;
}

export interface EffectiveSettingsInput {
  readonly env: ConfigSources['env'];
  /** What was read of them; a name that is missing was refused. */
  readonly settings: Partial<Settings>;
  /** Names of settings whose path is that of a file. */
  readonly files: ReadonlySet<string>;
}

/** In the order of the documentation. */
export function effectiveSettings({ env, settings, files }: EffectiveSettingsInput): readonly EffectiveSetting[] {
  const isSet = (name: string): boolean => env[name] !== undefined && env[name] !== '';
  return Object.entries<SettingRow>(SETTINGS).map(([key, row]) => {
    const { fallback, secret, secretFile, shown } = row;
    const name = key as SettingName;
    // Given, but not read: it is meant for others, or another setting goes before it.
    if (isSet(name) && settings[name] === null) return { name, value: null, source: 'unset', hidden: null };
    // A setting may have a twin that names a file to take it from.
    const fromFile = !isSet(name) && isSet(`${name}_FILE`);
    const standard = fallback === undefined ? 'unset' : 'default';
    const source = isSet(name) ? 'environment' : fromFile ? 'file' : standard;
    const text = isSet(name) ? (env[name] ?? null) : (fallback ?? null);
    if (source === 'unset' || source === 'default') return { name, value: text, source, hidden: null };
    const hidden =
      secret === true
        ? 'secret'
        : !(name in settings)
          ? 'refused'
          : secretFile === true && !files.has(name)
            ? 'not_a_file'
            : null;
    return { name, value: hidden === null && text !== null ? (shown?.(text) ?? text) : null, source, hidden };
  });
}
