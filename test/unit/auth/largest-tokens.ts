import type { PresetName } from '../../../src/auth/presets.ts';

/**
 * The most that each provider puts into an access token, by its documented limits, as changes to the recorded token of
 * the preset. Where a provider has no limit, the row is a large organisation.
 */
export interface LargestToken {
  readonly preset: PresetName;
  /** A noun phrase; Markdown. */
  readonly what: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

const many = <Item>(count: number, item: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => item(index));
const guid = (index: number): string => `2e1d0c9b-8a79-4685-b3c4-${String(index).padStart(12, '0')}`;
const named = (length: number) => (index: number) => `group-${index}-`.padEnd(length, 'x');

export const LARGEST_TOKENS: readonly LargestToken[] = [
  { preset: 'rfc9068', what: '150 groups with names of 80 characters', claims: { groups: many(150, named(80)) } },
  {
    preset: 'entra-v2',
    what: '200 groups as ids and 50 app roles',
    claims: { groups: many(200, guid), roles: many(50, named(40)) },
  },
  {
    preset: 'entra-v2',
    what: '200 groups as names of 60 characters',
    claims: { groups: many(200, (index) => String.raw`ACME\group-${index}-`.padEnd(60, 'x')) },
  },
  {
    preset: 'entra-v1',
    what: '200 groups as ids and 50 app roles',
    claims: { groups: many(200, guid), roles: many(50, named(40)) },
  },
  { preset: 'okta', what: '100 groups with names of 128 characters', claims: { groups: many(100, named(128)) } },
  {
    preset: 'auth0',
    what: '300 permissions and 100 groups in a namespaced claim',
    claims: {
      permissions: ['invites:write', ...many(299, (index) => `read:resource-${index}`)],
      'https://invites.acme.com/groups': many(100, named(40)),
    },
  },
  {
    preset: 'keycloak',
    what: '40 clients with 5 roles each in `resource_access`, 100 realm roles and 100 group paths',
    claims: {
      realm_access: { roles: many(100, named(24)) },
      resource_access: Object.fromEntries(many(40, (client) => [`client-${client}`, { roles: many(5, named(20)) }])),
      groups: many(100, (index) => `/acme/emea/team-${index}`),
    },
  },
  {
    preset: 'cognito',
    what: '100 groups with names of 128 characters',
    claims: { 'cognito:groups': many(100, named(128)) },
  },
  {
    preset: 'google',
    what: 'what Compute Engine adds in its full format',
    claims: {
      google: {
        compute_engine: {
          project_id: 'acme-prod',
          project_number: 112_010_400_000,
          zone: 'europe-west3-a',
          instance_id: '152986662232938449',
          instance_name: 'n'.repeat(63),
          instance_creation_timestamp: 1_552_953_600,
          license_id: many(20, (index) => String(1000 + index)),
        },
      },
    },
  },
  {
    preset: 'cloudflare-access',
    what: 'as many groups as the 4 KiB of its cookie hold',
    claims: { custom: { groups: many(50, named(40)) } },
  },
];
