import { expect } from 'vitest';
import type { IssuerConfig } from '../../src/auth/issuers.ts';
import type { PresetName } from '../../src/auth/presets.ts';
import type { Principal } from '../../src/auth/principal.ts';
import { DEFAULT_TOKEN_BYTES } from '../../src/auth/token/token-limit.ts';
import { decide } from '../../src/policy/evaluate.ts';
import { policyFrom, testRequest } from '../support/policy.ts';
import { NOW_S } from '../support/tokens.ts';
import type { Fields } from '../unit/auth/judge-recorded.ts';
import { principalOf, recorded, verdictOn } from '../unit/auth/judge-recorded.ts';
import { LARGEST_TOKENS } from '../unit/auth/largest-tokens.ts';
import { RECORDED_TOKENS } from '../unit/auth/recorded-tokens.ts';
import type { Chapter, Situation } from './situation.ts';
import { TOKEN_GROUPS } from './token-groups.ts';

const policy = policyFrom(`version: 1
callers:
  apps: { issuer: corp, kind: app }
  people: { issuer: corp, kind: user }
  anyone: { issuer: corp }
rules:
  - { id: not-apps, deny: [apps], domains: [kind.acme.com] }
  - { id: by-kind, allow: [apps, people], domains: [by-kind.com], roles: any, auth_methods: any }
  - { id: by-issuer, allow: [anyone], domains: [kind.acme.com], roles: any, auth_methods: any }
`);
const mayInviteTo = (principal: Principal, domain: string): boolean =>
  decide(policy, principal, testRequest(`ann@${domain}`), NOW_S * 1000).verdict === 'allow';

type TokenRow = [product: string, sends: string, does: string, check: () => Promise<void>];

const expectPrincipal = (title: string, claims: Fields, expected: object, entry: Partial<IssuerConfig> = {}) => {
  return async () => expect(await principalOf(recorded(title), claims, entry)).toMatchObject(expected);
};

const SCOPES_AND_KINDS: TokenRow[] = [
  [
    'Okta, ForgeRock, older Duende IdentityServer',
    'scopes as a list',
    'Takes each text as one scope.',
    expectPrincipal('RFC 9068, a user', { scope: ['openid', 'invites:write'] }, { scopes: ['invites:write'] }),
  ],
  [
    'AD FS',
    'a single role as a text: `"roles": "Galileo Inviter"`',
    'Translates it by `scope_map`, as in a list.',
    expectPrincipal(
      'RFC 9068, a user',
      { roles: 'Galileo Inviter' },
      { scopes: ['invites:write'] },
      { claims: { scopes: 'roles' }, scope_map: { 'Galileo Inviter': 'invites:write' } },
    ),
  ],
  [
    'any provider',
    'scopes with commas between, or several in one text of a list',
    'Accepts the token and grants none of them (RFC 6749 §3.3): 403 `insufficient_scope`.',
    async () => {
      for (const scope of ['invites:write,audit:read', ['invites:write audit:read']]) {
        expect(await principalOf(recorded('RFC 9068, a user'), { scope })).toMatchObject({ scopes: [] });
      }
    },
  ],
  [
    'Entra ID',
    '`"scp": null` beside app roles',
    'Reads no scope from `roles`. The caller may be a person or an app: no allow rule by kind matches, every deny rule by kind does.',
    async () => {
      const caller = await principalOf(recorded('Entra ID v2.0, an app'), { scp: null, idtyp: undefined });
      expect(caller).toMatchObject({ scopes: [], kind: 'user' });
      expect([mayInviteTo(caller, 'by-kind.com'), mayInviteTo(caller, 'kind.acme.com')]).toEqual([false, false]);
    },
  ],
  [
    'Entra ID v1.0, Okta',
    '`amr` as a list',
    '`"require": { "amr": "mfa" }` holds when the list has it.',
    expectPrincipal(
      'Entra ID v1.0, a user',
      { amr: ['pwd', 'mfa'] },
      { kind: 'user' },
      { claims: { require: { amr: 'mfa' } } },
    ),
  ],
  [
    'issuers written in Python',
    '`iat` and `nbf` with a fraction of a second',
    'Takes them as they are. `exp` must be whole seconds.',
    async () => {
      const times = { iat: NOW_S - 1.25, nbf: NOW_S - 1.25 };
      expect(await verdictOn(recorded('RFC 9068, a user'), { claims: times })).toBe('verified');
      expect(await verdictOn(recorded('RFC 9068, a user'), { claims: { exp: NOW_S + 9.5 } })).toBe('claim_malformed');
    },
  ],
  [
    'Auth0 and others',
    'null or a number as the id of the token, where the preset does not require one',
    'Takes the token as one without an id.',
    async () => {
      for (const jti of [null, 7]) {
        expect(await principalOf(recorded('Auth0, a user'), { jti })).toMatchObject({ tokenId: null });
      }
    },
  ],
];

const HEADERS: [product: string, sends: string, does: string, header: Fields, verdict: string][] = [
  [
    'AD FS, WSO2, Duende',
    '`x5t` or `x5t#S256` in the header',
    'Ignores it: `kid` chooses the key.',
    { x5t: 'AAAA', 'x5t#S256': 'AAAA' },
    'verified',
  ],
  ['PingFederate', '`pi.atm` in the header', 'Ignores it.', { 'pi.atm': 'n1' }, 'verified'],
  ['any provider', '`"cty": "JWT"` in the header', 'Ignores it; the claims must be JSON.', { cty: 'JWT' }, 'verified'],
  [
    'any provider',
    '`"typ": "application/at+jwt"`, in any case',
    'Takes it as `at+jwt`.',
    { typ: 'Application/AT+JWT' },
    'verified',
  ],
  [
    'any provider',
    '`jwk`, `jku`, `x5c`, `x5u`, `crit`, `b64`, `zip` or `enc` in the header',
    'Refuses the token: it would choose a key, or change the reading.',
    { x5c: ['MIIC'] },
    'header_field_not_allowed',
  ],
  [
    'AWS Application Load Balancer',
    'its own token, with `signer` and `iss` in the header',
    'Refuses the token: it cannot check the signer.',
    { signer: 'arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/a/1' },
    'header_field_not_allowed',
  ],
];

/** The products of the presets, as the titles of the recorded tokens call them. */
function productOf(preset: PresetName): string {
  return RECORDED_TOKENS.find((token) => token.preset === preset)?.title.replace(/,.*/, '') ?? preset;
}

/** Access tokens of identity providers, in the forms that they really have. */
export const TOKENS: Chapter = {
  title: 'Tokens',
  about: 'Access tokens of identity providers, in the forms that they really have.',
  situations: [
    ...RECORDED_TOKENS.map((token): Situation => ({
      product: token.title.replace(/,.*/, ''),
      sends: `the access token of ${token.title.replace(/^.*?, /, '')}`,
      does: `Takes the caller as ${token.caller.kind === 'app' ? 'an app' : 'a person'} (preset \`${token.preset}\`).`,
      check: async () => expect(await principalOf(token, {})).toMatchObject(token.caller),
    })),
    ...TOKEN_GROUPS,
    ...SCOPES_AND_KINDS.map(([product, sends, does, check]): Situation => ({ product, sends, does, check })),
    ...HEADERS.map(([product, sends, does, header, verdict]): Situation => ({
      product,
      sends,
      does,
      check: async () => expect(await verdictOn(recorded('RFC 9068, a user'), { header })).toBe(verdict),
    })),
    ...LARGEST_TOKENS.map(({ preset, what, claims }): Situation => ({
      product: productOf(preset),
      sends: `a large token: ${what}`,
      does: `Accepts it (at most ${DEFAULT_TOKEN_BYTES / 1024} KiB without a setting).`,
      async check() {
        const token = RECORDED_TOKENS.find((one) => one.preset === preset);
        if (token === undefined) throw new Error(`no recorded token of ${preset}`);
        expect(await verdictOn(token, { claims })).toBe('verified');
      },
    })),
  ],
};
