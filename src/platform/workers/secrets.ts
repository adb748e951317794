import { Secret } from '../../lib/secret.ts';
import type { Secrets } from '../../ports/secrets.ts';
import { checkApiKey, trimApiKey } from '../../upstream/api-keys.ts';

/**
 * The upstream keys on Workers: secret bindings, which are plain strings and change only with a new
 * deployment. Throws a TypeError that lists every problem and holds no key.
 */
export interface SecretsBindings {
  readonly galileoApiKey?: string | undefined;
  readonly galileoApiKeyNext?: string | undefined;
}

export function createSecrets({ galileoApiKey, galileoApiKeyNext }: SecretsBindings): Secrets {
  const problems: string[] = [];
  const current = readBinding('GALILEO_API_KEY', galileoApiKey, problems);
  const next = readBinding('GALILEO_API_KEY_NEXT', galileoApiKeyNext, problems);
  if (current === null && problems.length === 0) problems.push('GALILEO_API_KEY must be set');
  if (current === null || problems.length > 0) throw new TypeError(problems.join('\n'));
  const keys = { current, next };
  return { galileoKeys: () => Promise.resolve(keys) };
}

function readBinding(name: string, value: string | undefined, problems: string[]): Secret | null {
  if (value === undefined) return null;
  const problem = checkApiKey(value);
  if (problem === null) return new Secret(trimApiKey(value));
  problems.push(`${name} ${problem}`);
  return null;
}
