import { readFileSync, statSync } from 'node:fs';

import { Secret } from '../../../lib/secret.ts';
import { thrownCode } from '../../../lib/thrown.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Secrets } from '../../../ports/secrets.ts';
import { checkApiKey, fingerprint, isSameKey, trimApiKey } from '../../../upstream/api-keys.ts';

/**
 * The upstream keys on Node: fixed values from the environment, or files that are read again when they change. When a
 * file becomes missing, empty or unusable (a half-done rotation), the last good key stays in use and the problem is
 * logged once. Invariant: no problem and no log line holds a key; each names the setting.
 */
export interface SecretsOptions {
  readonly galileoApiKey?: string | undefined;
  readonly galileoApiKeyFile?: string | undefined;
  readonly galileoApiKeyNext?: string | undefined;
  readonly galileoApiKeyNextFile?: string | undefined;
  readonly logger: Logger;
}

/** All problems found at the start, one sentence each. */
export class SecretsError extends Error {
  override readonly name = 'SecretsError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

export async function createSecrets(options: SecretsOptions): Promise<Secrets> {
  const { logger } = options;
  const problems: string[] = [];
  const current = openSlot('GALILEO_API_KEY', options.galileoApiKey, options.galileoApiKeyFile, logger, problems);
  const next = openSlot(
    'GALILEO_API_KEY_NEXT',
    options.galileoApiKeyNext,
    options.galileoApiKeyNextFile,
    logger,
    problems,
  );
  if (current === null && problems.length === 0) problems.push('GALILEO_API_KEY or GALILEO_API_KEY_FILE must be set');
  if (current === null || problems.length > 0) throw new SecretsError(problems);
  return {
    async galileoKeys() {
      return { current: current(), next: next?.() ?? null };
    },
  };
}

/** Returns the current key of one slot. */
type Slot = () => Secret;

/** Null when the slot is not configured, or when a problem was added to `problems`. */
function openSlot(
  name: string,
  value: string | undefined,
  path: string | undefined,
  logger: Logger,
  problems: string[],
): Slot | null {
  if (value !== undefined && path !== undefined) {
    problems.push(`${name} and ${name}_FILE are both set; set one`);
    return null;
  }
  if (value !== undefined) {
    const problem = checkApiKey(value);
    if (problem !== null) problems.push(`${name} ${problem}`);
    const secret = new Secret(trimApiKey(value));
    return problem === null ? () => secret : null;
  }
  if (path === undefined) return null;
  const watched = new WatchedKeyFile(`${name}_FILE`, path, logger);
  const problem = watched.open();
  if (problem !== null) problems.push(`${name}_FILE ${problem}`);
  return problem === null ? () => watched.key() : null;
}

const MAX_FILE_BYTES = 4096;
/** Two writes within this time can leave the same timestamps. */
const TIMESTAMP_GRAIN_MS = 1_000;

/**
 * One key file. Each use of the key costs one synchronous `stat` (about 2 µs; through the thread pool it would be 30).
 * The file is read only when its stat has changed. `stat` follows links, so Kubernetes' swap of `..data` shows as
 * another inode.
 */
class WatchedKeyFile {
  readonly #name: string;
  readonly #path: string;
  readonly #logger: Logger;
  #key: Secret | null = null;
  #seen = '';
  #problem: string | null = null;

  constructor(name: string, path: string, logger: Logger) {
    this.#name = name;
    this.#path = path;
    this.#logger = logger;
  }

  /** Reads the file for the first time. Returns the problem, if there is one. */
  open(): string | null {
    return this.#read();
  }

  key(): Secret {
    const before = this.#key;
    const problem = this.#read();
    if (problem !== null && problem !== this.#problem) {
      this.#logger.error('api_key_file_unusable', { setting: this.#name, problem, kept: 'last good key' });
    }
    this.#problem = problem;
    if (this.#key === null) throw new Error(`${this.#name} has never held a usable key`);
    if (before !== null && before !== this.#key) {
      this.#logger.info('api_key_changed', { setting: this.#name, key_fingerprint: fingerprint(this.#key) });
    }
    return this.#key;
  }

  #read(): string | null {
    try {
      const stat = statSync(this.#path, { bigint: true });
      const seen = [stat.dev, stat.ino, stat.size, stat.mtimeNs, stat.ctimeNs].join(':');
      if (seen === this.#seen) return this.#problem;
      if (!stat.isFile()) return 'is not a file';
      if (stat.size > MAX_FILE_BYTES) return 'is too large for a key';
      const text = readFileSync(this.#path, 'latin1');
      // A file that has just changed may change again with the same stat, so it is read again until it is older.
      this.#seen = Date.now() - Number(stat.ctimeMs) > TIMESTAMP_GRAIN_MS ? seen : '';
      return this.#take(text);
    } catch (error) {
      this.#seen = '';
      return `cannot be read (${thrownCode(error) ?? 'unknown error'})`;
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
