import type { AccountOptions } from '../../dev/galileo-account.ts';
import type { AuthScheme } from '../../src/upstream/credentials.ts';
import { AUTH_SCHEMES } from '../../src/upstream/credentials.ts';

/**
 * How the service under test signs in to Galileo. The suites `http`, `attack` and `parity` run with an API key in
 * `npm test`, and once more with each other scheme in .ci/run (vitest.config.ts sets the variable).
 */
export const SCHEME_UNDER_TEST: AuthScheme =
  AUTH_SCHEMES.find((scheme) => scheme === process.env['SCHEME_UNDER_TEST']) ?? 'api_key';

export const ACCOUNT: AccountOptions = {
  username: 'invite-service@example.com',
  password: 'test-pass%20Word+4f1c"9a7e\\5b',
};
