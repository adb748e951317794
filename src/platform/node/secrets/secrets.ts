import { statSync } from 'node:fs';

import { Secret } from '../../../lib/secret.ts';
import { TextFileError } from '../../../lib/text-file-error.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Secrets } from '../../../ports/secrets.ts';
import { createSingleFlight } from '../../../tasks/single-flight.ts';
import { checkApiKey, fingerprint, isSameKey, trimApiKey } from '../../../upstream/api-keys.ts';
import { readSecret, secretSource } from './secret-source.ts';
import type { SecretSettings, SecretSource } from './secret-source.ts';

/**
 * The upstream keys on Node: fixed values from the environment, or files that are read again when they change. When a
 * file becomes missing, empty or unusable (a half-done rotation), the last good key stays in use and the problem is
 * logged once. Invariant: no problem and no log line holds a key; each names the setting.
 */
type KeyName = 'GALILEO_API_KEY' | 'GALILEO_API_KEY_NEXT';

export type UpstreamKeySettings = SecretSettings<KeyName>;

/** All problems found at the start, one sentence each. */
export class SecretsError extends Error {
  override readonly name = 'SecretsError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/** Rejects with a SecretsError that names every problem at once. */
export async function createSecrets(settings: UpstreamKeySettings, logger: Logger): Promise<Secrets> {
  const problems: string[] = [];
  const open = async (name: KeyName): Promise<KeySlot | null> => {
    const source = secretSource(name, settings);
    if (source === null) return null;
    if (source.kind === 'value' && (settings[`${name}_FILE`] ?? null) !== null) {
      problems.push(`${name} and ${name}_FILE are both set; set one`);
      return null;
    }
    const slot = new KeySlot(source, logger);
    const problem = await slot.open();
    if (problem !== null) problems.push(`${source.setting} ${problem}`);
    return slot;
  };
  const current = await open('GALILEO_API_KEY');
  const next = await open('GALILEO_API_KEY_NEXT');
  if (current === null && problems.length === 0) problems.push('GALILEO_API_KEY or GALILEO_API_KEY_FILE must be set');
  if (current === null || problems.length > 0) throw new SecretsError(problems);
  return {
    async galileoKeys() {
      return { current: await current.key(), next: (await next?.key()) ?? null };
    },
  };
}

/** One key. A file is read again only when its version has changed; parallel calls share one read. */
class KeySlot {
  readonly #source: SecretSource;
  readonly #logger: Logger;
  #key: Secret | null = null;
  /** The version that was read last; null when it must be read again in any case. */
  #version: string | null = null;
  #problem: string | null = null;
  readonly #refresh = createSingleFlight(() => this.#readAgain());

  constructor(source: SecretSource, logger: Logger) {
    this.#source = source;
    this.#logger = logger;
  }

  /** Reads the key for the first time. Returns the problem, if there is one. */
  async open(): Promise<string | null> {
    return await this.#read();
  }

  async key(): Promise<Secret> {
    const version = versionOf(this.#source, Date.now());
    if (version === null || version !== this.#version) await this.#refresh();
    if (this.#key === null) throw new Error(`${this.#source.setting} has never held a usable key`);
    return this.#key;
  }

  async #readAgain(): Promise<void> {
    const { setting } = this.#source;
    const before = this.#key;
    const problem = await this.#read();
    if (problem !== null && problem !== this.#problem) {
      this.#logger.error('api_key_file_unusable', { setting, problem, kept: 'last good key' });
    }
    this.#problem = problem;
    if (this.#key !== null && this.#key !== before) {
      this.#logger.info('api_key_changed', { setting, key_fingerprint: fingerprint(this.#key) });
    }
  }

  async #read(): Promise<string | null> {
    // Before the read, so that a later change is seen as one.
    const version = versionOf(this.#source, Date.now());
    // A read may fail for a reason that the version does not show, such as too many open files.
    this.#version = null;
    try {
      const text = await readSecret(this.#source);
      this.#version = version;
      return this.#take(text);
    } catch (error) {
      if (error instanceof TextFileError) return error.message;
      throw error;
    }
  }

  #take(text: string): string | null {
    const problem = checkApiKey(text);
    if (problem !== null) return problem;
    const key = new Secret(trimApiKey(text));
    // The same key keeps its object: what is derived from a key is cached by object.
    if (this.#key === null || !isSameKey(this.#key, key)) this.#key = key;
    return null;
  }
}

/** Two writes within this time can leave the same timestamps. */
const TIMESTAMP_GRAIN_MS = 1_000;

/**
 * Changes with the content; null when that is not certain. For a file this is one synchronous `stat` per use of the key
 * (about 2 µs; through the thread pool it would be 30). `stat` follows links, so Kubernetes' swap of `..data` shows as
 * another inode.
 */
export function versionOf(source: SecretSource, nowMs: number): string | null {
  if (source.kind === 'value') return 'fixed';
  try {
    const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = statSync(source.path, { bigint: true });
    // A file that has just changed may change again with the same stat.
    const isSettled = nowMs - Number(ctimeMs) > TIMESTAMP_GRAIN_MS;
    return isSettled ? [dev, ino, size, mtimeNs, ctimeNs].join(':') : null;
  } catch {
    return null;
  }
}
