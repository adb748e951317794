/** Random policies, callers and requests, from small alphabets, so that they match often. Every policy loads. */
import fc from 'fast-check';
import { AUTH_METHODS, USER_ROLES } from '../../../../src/contract/invite-users.ts';
import type { PolicyFile } from '../../../../src/policy/document/schema.ts';
import { ANNOTATORS, REVIEWERS, testPrincipal } from '../../../support/policy.ts';

export const NOW_MS = Date.UTC(2026, 5, 15, 12);

const DOMAINS = [
  'acme.com',
  'eu.acme.com',
  'a.b.eu.acme.com',
  'notacme.com',
  'acme.com.br',
  'partner.io',
  'lab.partner.io',
];
const PATTERNS = [
  'acme.com',
  '*.acme.com',
  '*.eu.acme.com',
  'notacme.com',
  '*.com.br',
  'partner.io',
  '*.partner.io',
  '*.io',
];
const LOCALS = ['ann', 'Bob', 'ann+x', 'Ann+y', '+x'];
const CALLERS = ['portal', 'admins', 'robots', 'everyone', 'outsiders'];
/** The day before NOW_MS, its day and the day after. */
const DAYS = ['2026-06-14', '2026-06-15', '2026-06-16'];

const some = <T>(values: readonly T[], max = values.length): fc.Arbitrary<T[]> =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: max });
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
const anyOr = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | 'any'> => fc.oneof(fc.constant('any' as const), value);

const email = fc
  .tuple(fc.constantFrom(...LOCALS), fc.constantFrom(...DOMAINS))
  .map(([local, domain]) => `${local}@${domain}`);
const wideDomains = some(['$acme', '$odd', ...PATTERNS], 3);
const domains = some(['$acme', '$odd', ...PATTERNS.filter((pattern) => pattern !== '*.io')], 3);
const groups = some(['$annotators', '$reviewers', ANNOTATORS.toUpperCase()], 2);
const target = (patterns: fc.Arbitrary<string[]>) =>
  fc.oneof(
    fc.record({ domains: patterns }),
    fc.record({ emails: some(['ANN@acme.com', 'bob@partner.io']) }),
    fc.record({ domains: patterns, emails: some(['Bob@acme.com', 'ann@lab.partner.io']) }),
  );

const allowRule = fc
  .tuple(
    target(domains),
    fc.record({
      allow: some(CALLERS, 2),
      roles: anyOr(some(USER_ROLES, 4)),
      auth_methods: anyOr(some(['email', 'okta', 'google'] as const)),
      groups: maybe(anyOr(groups)),
      until: maybe(fc.constantFrom(...DAYS)),
    }),
  )
  .map(([aim, rest]) => ({ ...aim, ...rest }));
export const denyRules = fc
  .tuple(
    fc.oneof({ weight: 4, arbitrary: target(wideDomains) }, { weight: 1, arbitrary: fc.constant({}) }),
    fc.record({
      deny: anyOr(some(CALLERS, 2)),
      roles: maybe(anyOr(some(USER_ROLES, 2))),
      auth_methods: maybe(anyOr(some(['email', 'okta', 'google'] as const, 2))),
      groups: maybe(groups),
      until: maybe(fc.constantFrom(...DAYS)),
    }),
  )
  .map(([aim, rest]) => ({ ...aim, ...rest }));
const forceRow = fc
  .tuple(
    target(wideDomains),
    fc.record({
      auth_method: maybe(fc.constantFrom('okta' as const, 'email' as const)),
      role: maybe(fc.constantFrom('user' as const, 'admin' as const)),
      groups: maybe(fc.constantFrom([], ['$annotators'])),
      send_email: fc.boolean(),
    }),
  )
  .map(([aim, values]) => ({ ...aim, ...values }));

const quota = fc.oneof(
  fc.record({ per: fc.constant('request'), emails: fc.integer({ min: 1, max: 5 }) }),
  fc.record({
    per: fc.constantFrom('org', 'subject', 'client_id', 'issuer'),
    window: fc.constantFrom('1h', '1d'),
    emails: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({
    per: fc.constantFrom('invitee'),
    window: fc.constantFrom('1h', '1d'),
    emails: fc.integer({ min: 1, max: 3 }),
    plus_addressing: maybe(fc.constantFrom('keep', 'fold', 'fold')),
  }),
  fc.record({
    per: fc.constantFrom('subject', 'org'),
    window: fc.constant('1h'),
    requests: fc.integer({ min: 1, max: 4 }),
  }),
);

const withoutUndefined = <T extends object>(row: T): T =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as T;
export const numbered = (prefix: string, rows: readonly object[]): object[] =>
  rows.map((row, index) => ({ id: `${prefix}-${index}`, ...withoutUndefined(row) }));

export const policyFiles: fc.Arbitrary<PolicyFile> = fc
  .record({
    force: fc.array(forceRow, { maxLength: 3 }),
    rules: fc.array(fc.oneof({ weight: 6, arbitrary: allowRule }, { weight: 1, arbitrary: denyRules }), {
      minLength: 1,
      maxLength: 8,
    }),
    quotas: fc.array(quota, { maxLength: 3 }),
  })
  .map(
    ({ force, rules, quotas }) =>
      ({
        version: 1,
        domains: { acme: ['acme.com', '*.acme.com'], odd: ['*.com.br', 'lab.partner.io', 'acme.com'] },
        groups: { annotators: ANNOTATORS, reviewers: REVIEWERS },
        callers: {
          portal: { issuer: 'corp', client_id: ['portal', 'hr'] },
          admins: { issuer: 'corp', groups: ['it', 'sec'], kind: 'user' },
          robots: { issuer: 'corp', kind: 'app', subject: ['sub-1'] },
          everyone: { issuer: 'corp' },
          outsiders: { issuer: 'partners', client_id: ['portal'] },
        },
        force: numbered('force', force),
        rules: numbered('rule', rules),
        quotas: numbered('limit', quotas),
      }) as PolicyFile,
  );

export const principals = fc
  .record({
    issuer: fc.constantFrom('corp', 'corp', 'corp', 'partners'),
    clientId: fc.constantFrom('portal', 'portal', 'hr', 'Portal', 'other'),
    subject: fc.constantFrom('sub-1', 'sub-2'),
    groups: fc.subarray(['it', 'sec', 'IT', 'staff']),
    kind: fc.constantFrom('user' as const, 'app' as const),
  })
  .map(testPrincipal);

export const requests = fc.record({
  auth_method: fc.constantFrom(...AUTH_METHODS.slice(0, 4)),
  emails: fc.uniqueArray(email, { minLength: 1, maxLength: 5, selector: (text) => text.toLowerCase() }),
  role: fc.constantFrom(...USER_ROLES),
  group_ids: fc.subarray([ANNOTATORS, REVIEWERS]),
  send_email: fc.boolean(),
});

export const handlings = fc.constantFrom('strict' as const, 'lenient' as const);
