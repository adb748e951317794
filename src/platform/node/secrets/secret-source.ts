/**
 * Where a secret comes from: a setting, or the file that the setting's `_FILE` twin names. It is the one reader of
 * secrets on Node. It returns the text as it is: the check of each secret removes the white space that is not part of
 * it, because Workers use the same checks. Invariant: no problem holds the path or anything of the contents.
 */
import { readTextFile } from '../text-file.ts';

/** The size limit of each secret's file, in bytes. */
const MAX_FILE_BYTES = {
  GALILEO_API_KEY: 4 * 1024,
  GALILEO_API_KEY_NEXT: 4 * 1024,
  GALILEO_PASSWORD: 4 * 1024,
  LEDGER_PASSWORD: 16 * 1024,
  AUDIT_HTTP_TOKEN: 16 * 1024,
  AUDIT_HMAC_KEY: 16 * 1024,
  AUDIT_SIGNING_KEY: 16 * 1024,
} as const;

export type SecretName = keyof typeof MAX_FILE_BYTES;

/** An absent setting counts as null. */
export type SecretSettings<Name extends SecretName = SecretName> = {
  readonly [Setting in Name | `${Name}_FILE`]?: string | null;
};

/** `setting` is the one to name in a problem: the setting itself or its `_FILE` twin. */
export type SecretSource =
  | { readonly kind: 'value'; readonly setting: string; readonly text: string }
  | { readonly kind: 'file'; readonly setting: string; readonly path: string; readonly maxBytes: number };

/** Null when neither is set. Of two, the setting is used; config/load.ts refuses to start with both. */
export function secretSource(name: SecretName, settings: SecretSettings): SecretSource | null {
  const { [name]: text = null, [`${name}_FILE` as const]: path = null } = settings;
  if (text !== null) return { kind: 'value', setting: name, text };
  return path === null ? null : { kind: 'file', setting: `${name}_FILE`, path, maxBytes: MAX_FILE_BYTES[name] };
}

/** Rejects with a TextFileError. */
export async function readSecret(source: SecretSource): Promise<string> {
  if (source.kind === 'value') return source.text;
  const { path, maxBytes } = source;
  return (await readTextFile(path, { maxBytes, tooLarge: 'is too large for a key' })).text;
}
