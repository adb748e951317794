import { Secret } from '../../../lib/secret.ts';
import { TextFileError, textFilePhrase } from '../../../lib/text/text-file-error.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Secrets } from '../../../ports/secrets.ts';
import { createSingleFlight } from '../../../tasks/single-flight.ts';
import { checkApiKey, checkPassword, fingerprint, isSameKey, trimApiKey } from '../../../upstream/api-keys.ts';
import type { AuthScheme } from '../../../upstream/credentials.ts';
import { clock as machineClock } from '../runtime.ts';
import { secretSource } from './secret-source.ts';
import type { SecretSettings, SecretSource } from './secret-source.ts';
import { createSettledSecret } from './settled-secret.ts';
import type { SettledSecret } from './settled-secret.ts';

/**
 * The upstream keys, or the upstream password, on Node: fixed values from the environment, or files that are read again when they change. While a
 * file is being written, the last good key stays in use. The same holds when it becomes missing, empty or unusable; then
 * the problem is logged once. Invariant: no problem and no log line holds a key; each names the setting.
 */
type KeyName = 'GALILEO_API_KEY' | 'GALILEO_API_KEY_NEXT' | 'GALILEO_PASSWORD';

export type UpstreamKeySettings = SecretSettings<KeyName> & { readonly GALILEO_AUTH?: AuthScheme };

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
export async function createSecrets(
  settings: UpstreamKeySettings,
  logger: Logger,
  clock: Clock = machineClock,
): Promise<Secrets> {
  const problems: string[] = [];
  const open = async (name: KeyName): Promise<KeySlot | null> => {
    const source = secretSource(name, settings);
    if (source === null) return null;
    if (source.kind === 'value' && (settings[`${name}_FILE`] ?? null) !== null) {
      problems.push(`${name} and ${name}_FILE are both set; set one`);
      return null;
    }
    const slot = new KeySlot(source, { clock, logger, isPassword: name === 'GALILEO_PASSWORD' });
    const problem = await slot.open();
    if (problem !== null) problems.push(`${source.setting} ${problem}`);
    return slot;
  };
  const isKey = (settings.GALILEO_AUTH ?? 'api_key') === 'api_key';
  const name = isKey ? 'GALILEO_API_KEY' : 'GALILEO_PASSWORD';
  const current = await open(name);
  const next = isKey ? await open('GALILEO_API_KEY_NEXT') : null;
  if (current === null && problems.length === 0) problems.push(`${name} or ${name}_FILE must be set`);
  if (current === null || problems.length > 0) throw new SecretsError(problems);
  return {
    async galileoKeys() {
      return { current: await current.key(), next: (await next?.key()) ?? null };
    },
  };
}

/** One key. Its file is read again only when it may have changed; parallel calls share one read. */
class KeySlot {
  readonly #setting: string;
  readonly #secret: SettledSecret;
  readonly #logger: Logger;
  readonly #isPassword: boolean;
  #key: Secret | null = null;
  #problem: string | null = null;
  readonly #refresh = createSingleFlight(() => this.#readAgain());

  constructor(
    source: SecretSource,
    { clock, logger, isPassword }: { readonly clock: Clock; readonly logger: Logger; readonly isPassword: boolean },
  ) {
    this.#isPassword = isPassword;
    this.#setting = source.setting;
    this.#secret = createSettledSecret(source, clock);
    this.#logger = logger;
  }

  /** Reads the key for the first time. Returns the problem, if there is one. */
  async open(): Promise<string | null> {
    return await this.#read();
  }

  async key(): Promise<Secret> {
    if (!this.#secret.isUnchanged()) await this.#refresh();
    if (this.#key === null) throw new Error(`${this.#setting} has never held a usable key`);
    return this.#key;
  }

  async #readAgain(): Promise<void> {
    const setting = this.#setting;
    const before = this.#key;
    const problem = await this.#read();
    if (problem !== null && problem !== this.#problem) {
      this.#logger.error('api_key_file_unusable', { setting, problem, kept: 'last good key' });
    }
    this.#problem = problem;
    if (this.#key !== null && this.#key !== before) {
      // A hash of a password could be searched for; the record of the change has a safe fingerprint.
      this.#logger.info('api_key_changed', {
        setting,
        ...(this.#isPassword ? {} : { key_fingerprint: fingerprint(this.#key) }),
      });
    }
  }

  async #read(): Promise<string | null> {
    try {
      const text = await this.#secret.read();
      return text === null ? this.#problem : this.#take(text);
    } catch (error) {
      if (error instanceof TextFileError) return textFilePhrase(error);
      throw error;
    }
  }

  #take(text: string): string | null {
    const problem = this.#isPassword ? checkPassword(text) : checkApiKey(text);
    if (problem !== null) return problem;
    const key = new Secret(trimApiKey(text));
    // The same key keeps its object: what is derived from a key is cached by object.
    if (this.#key === null || !isSameKey(this.#key, key)) this.#key = key;
    return null;
  }
}
