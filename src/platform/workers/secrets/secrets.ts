import { Secret } from '../../../lib/secret.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Logger } from '../../../ports/logger.ts';
import type { Schedule } from '../../../ports/schedule.ts';
import type { Secrets } from '../../../ports/secrets.ts';
import { checkApiKey, checkPassword, fingerprint, isSameKey, trimApiKey } from '../../../upstream/api-keys.ts';
import type { SecretBinding } from './bound-secret.ts';
import { createBoundSecret } from './bound-secret.ts';

/**
 * The upstream keys, or the upstream password, on Workers: secret bindings, which change only with a new deployment, or entries of the Secrets
 * Store, which are read again regularly (bound-secret). A next key that cannot be read counts as absent: the current
 * key is still used. Neither a problem nor a log line holds a key.
 */
export interface SecretsBindings {
  readonly galileoApiKey?: SecretBinding | undefined;
  readonly galileoApiKeyNext?: SecretBinding | undefined;
  /** Instead of the keys. */
  readonly galileoPassword?: SecretBinding | undefined;
  readonly clock: Clock;
  readonly schedule: Schedule;
  readonly logger: Logger;
}

/** Text bindings were checked when the settings were read. */
export function createSecrets(bindings: SecretsBindings): Secrets {
  const { galileoApiKey = '', galileoApiKeyNext, galileoPassword, clock, schedule, logger } = bindings;
  const current =
    galileoPassword === undefined
      ? openSlot('GALILEO_API_KEY', galileoApiKey)
      : openSlot('GALILEO_PASSWORD', galileoPassword);
  const next = galileoApiKeyNext === undefined ? null : openSlot('GALILEO_API_KEY_NEXT', galileoApiKeyNext);
  return {
    async galileoKeys() {
      return { current: await current(), next: (await next?.().catch(() => null)) ?? null };
    },
  };

  /** Reads the key of one slot. The same key gives the same object: values derived from a key are cached by object. */
  function openSlot(setting: string, binding: SecretBinding): () => Promise<Secret> {
    const isPassword = setting === 'GALILEO_PASSWORD';
    const bound = createBoundSecret({
      binding,
      clock,
      schedule,
      check: isPassword ? checkPassword : checkApiKey,
      onUnusable: (problem) => logger.error('api_key_unusable', { setting, problem }),
    });
    let held: Secret | null = null;
    return async () => {
      const key = new Secret(trimApiKey(await bound.value()));
      if (held !== null && isSameKey(held, key)) return held;
      if (held !== null) {
        // A hash of a password could be searched for; the record of the change has a safe fingerprint.
        logger.info('api_key_changed', { setting, ...(isPassword ? {} : { key_fingerprint: fingerprint(key) }) });
      }
      held = key;
      return key;
    };
  }
}
