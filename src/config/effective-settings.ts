/**
 * Lists every setting with its value in force and its source, for `config print`. Pure. A secret is never shown. A
 * refused value is not shown either, because it may be a secret in the wrong place. The path to a secret is shown only
 * when it is known to be the path of a file.
 */
import type { ConfigSources } from './load.ts';
import type { SettingName, SettingRow, Settings } from './schema.ts';
import { settingText } from './reading/setting-text.ts';
import { SETTINGS } from './schema.ts';

export interface EffectiveSetting {
  readonly name: SettingName;
  /** The value as the text of a variable; null when it is unset, refused or must not be shown. */
  readonly value: string | null;
  readonly source: 'environment' | 'file' | 'default' | 'unset';
  /** The reason why there is a source but no value. */
  readonly hidden: 'secret' | 'refused' | 'not_a_file' | null;
}

export interface EffectiveSettingsInput {
  readonly env: ConfigSources['env'];
  /** The settings that were read; a missing name was refused. */
  readonly settings: Partial<Settings>;
  /** The names of the settings whose value is the path of an existing file. */
  readonly files: ReadonlySet<string>;
}

/** In the order of the documentation. */
export function effectiveSettings({ env, settings, files }: EffectiveSettingsInput): readonly EffectiveSetting[] {
  const isSet = (name: string): boolean => settingText(name, env) !== undefined;
  return Object.entries<SettingRow>(SETTINGS).map(([key, row]) => {
    const { fallback, secret, secretFile, shown } = row;
    const name = key as SettingName;
    // Set but not read: it is meant for other programs, or another setting takes precedence.
    if (isSet(name) && settings[name] === null) return { name, value: null, source: 'unset', hidden: null };
    // A second setting, with `_FILE`, may name a file that contains the value.
    const fromFile = !isSet(name) && isSet(`${name}_FILE`);
    const standard = fallback === undefined ? 'unset' : 'default';
    const source = isSet(name) ? 'environment' : fromFile ? 'file' : standard;
    const text = settingText(name, env) ?? fallback ?? null;
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
