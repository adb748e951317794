/**
 * How people sign in to the console (`/console`): by the organisation's OpenID Connect, as a public client without a
 * secret. These settings are public: the page of everyone who opens it has them. Their rules are in
 * console-contradictions.
 */
import { issuerUrlProblem } from '../../auth/issuers.ts';
import { urlFault } from '../reading/url-fault.ts';
import type { SettingRow } from '../setting-row.ts';
import { checkedText } from '../setting-row.ts';

const MAX_LENGTH = 1024;

/** RFC 6749, appendix A: client ids are visible ASCII and blanks, scopes lack `"` and `\`. */
const clientId = checkedText((value) =>
  /^[\x21-\x7e]{1,256}$/.test(value)
    ? null
    : 'must be 1 to 256 visible ASCII characters, as the identity provider shows it',
);
const scope = checkedText((value) =>
  value.length <= MAX_LENGTH && /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/.test(value)
    ? null
    : 'must be scopes separated by single spaces, like "openid offline_access invites:write"',
);
const audience = checkedText((value) =>
  value.length <= MAX_LENGTH && /^[\x21-\x7e]+$/.test(value) ? null : 'must be visible ASCII characters without blanks',
);

export const CONSOLE_SETTINGS = {
  CONSOLE_ISSUER: {
    // Whether plain http is allowed depends on INSECURE_DEV: console-contradictions.
    parse: checkedText((value) => urlFault(value) ?? issuerUrlProblem(value, { insecureDev: true })),
    holds: 'url',
    about:
      'The identity provider that people sign in to the console with: the issuer whose metadata is below it at `/.well-known/openid-configuration`. Its access tokens must be those of an entry of `AUTH_ISSUERS`. Register `PUBLIC_URL` + `/console` as redirect address of a single-page app ([per provider](identity-providers.md#the-console)). Behind Cloudflare Access leave it out: people have signed in already.',
    example: 'https://login.acme.com',
  },
  CONSOLE_CLIENT_ID: {
    parse: clientId,
    about: 'The id of the console at that identity provider: a public client with PKCE, without a secret.',
    example: 'invite-console',
  },
  CONSOLE_SCOPE: {
    parse: scope,
    fallback: 'openid',
    about:
      'The scopes that the console asks for, separated by spaces. Add those that your provider needs to issue an access token for this service, and `offline_access` for sign-ins that are renewed without a redirect.',
    example: 'openid offline_access invites:write audit:read',
  },
  CONSOLE_AUDIENCE: {
    parse: audience,
    about: 'The `audience` parameter of the sign-in, for providers that need it (Auth0).',
    example: 'https://invites.acme.com',
  },
} as const satisfies Record<string, SettingRow>;
