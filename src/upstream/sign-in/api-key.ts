import type { Secret } from '../../lib/secret.ts';
import type { GalileoKeys, Secrets } from '../../ports/secrets.ts';
import { createKeySearch, fingerprint, isSameKey } from '../api-keys.ts';
import type { Credential, Credentials, RequestCredentials } from '../credentials.ts';
import { checkKeyHeader } from '../request.ts';

/**
 * GALILEO_AUTH=api_key: the current key first, and the next key after a complete 401. Remembering the key that worked
 * would hide a dead key from the operators.
 */
export interface ApiKeyDeps {
  readonly secrets: Secrets;
  /** GALILEO_API_KEY_HEADER. */
  readonly keyHeader: string;
}

/** Throws a TypeError when the key header is unfit. */
export function createApiKeyCredentials({ secrets, keyHeader }: ApiKeyDeps): Credentials {
  const header = checkKeyHeader(keyHeader);
  const credential = (slot: Credential['slot'], key: Secret): Credential => ({
    ...{ scheme: 'api_key', slot, secret: key },
    keyHeader: header,
    fingerprint: fingerprint(key),
  });
  return {
    credentials: () => secrets.galileoKeys().then(ofRequest),
    async secretSearch() {
      try {
        return createKeySearch(allOf(await secrets.galileoKeys()));
      } catch {
        return null;
      }
    },
  };

  function ofRequest(keys: GalileoKeys): RequestCredentials {
    const { current, next } = keys;
    return {
      holdsSecret: createKeySearch(allOf(keys)),
      first: () => credential('current', current),
      afterRejection: async ({ slot }) =>
        slot === 'next' || next === null || isSameKey(next, current) ? null : credential('next', next),
    };
  }
}

function allOf({ current, next }: GalileoKeys): readonly Secret[] {
  return next === null ? [current] : [current, next];
}
