/** Random policies and requests: the index must say what the plain reading of the file says. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AUTH_METHODS, USER_ROLES } from '../../../src/contract/invite-users.ts';
import { compilePolicy } from '../../../src/policy/compile.ts';
import { decide } from '../../../src/policy/evaluate.ts';
import type { PolicyFile } from '../../../src/policy/schema.ts';
import { policyFileSchema } from '../../../src/policy/schema.ts';
import { ANNOTATORS, naiveDecide, policyFrom, REVIEWERS, testPrincipal } from '../../support/policy.ts';

const RUNS = 10_000;
const NOW_MS = Date.UTC(2026, 5, 15, 12);

// Small alphabets, so that things meet.
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
const LOCALS = ['ann', 'Bob', 'ann+x'];
const CALLERS = ['portal', 'admins', 'robots', 'everyone', 'outsiders'];
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
const denyRule = fc
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

const withoutUndefined = <T extends object>(row: T): T =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as T;
const numbered = (prefix: string, rows: readonly object[]): object[] =>
  rows.map((row, index) => ({ id: `${prefix}-${index}`, ...withoutUndefined(row) }));

const policyFile: fc.Arbitrary<PolicyFile> = fc
  .record({
    force: fc.array(forceRow, { maxLength: 3 }),
    rules: fc.array(fc.oneof({ weight: 6, arbitrary: allowRule }, { weight: 1, arbitrary: denyRule }), {
      minLength: 1,
      maxLength: 8,
    }),
    limits: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 2 }),
  })
  .map(
    ({ force, rules, limits }) =>
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
        quotas: limits.map((limit, index) => ({
          id: `limit-${index}`,
          per: index === 0 ? 'request' : 'org',
          emails: limit,
          ...(index === 0 ? {} : { window: '1d' }),
        })),
      }) as PolicyFile,
  );

const principal = fc
  .record({
    issuer: fc.constantFrom('corp', 'corp', 'corp', 'partners'),
    clientId: fc.constantFrom('portal', 'portal', 'hr', 'Portal', 'other'),
    subject: fc.constantFrom('sub-1', 'sub-2'),
    groups: fc.subarray(['it', 'sec', 'IT', 'staff']),
    kind: fc.constantFrom('user' as const, 'app' as const),
  })
  .map(testPrincipal);

const request = fc.record({
  auth_method: fc.constantFrom(...AUTH_METHODS.slice(0, 4)),
  emails: fc.uniqueArray(email, { minLength: 1, maxLength: 5, selector: (text) => text.toLowerCase() }),
  role: fc.constantFrom(...USER_ROLES),
  group_ids: fc.subarray([ANNOTATORS, REVIEWERS]),
  send_email: fc.boolean(),
});

// Many runs, no waiting: the limit is for a machine that is very slow.
describe('the compiled policy', { timeout: 300_000 }, () => {
  it('decides random requests under random policies as the naïve evaluator does', () => {
    let allowed = 0;
    fc.assert(
      fc.property(policyFile, principal, request, (file, caller, asked) => {
        const { verdict, refusedBy, addresses, effective } = decide(compilePolicy(file, ''), caller, asked, NOW_MS);
        allowed += addresses.some(({ decision }) => decision === 'allow') ? 1 : 0;
        const naive = naiveDecide(file, caller, asked, NOW_MS);
        // `expect` on each of so many would take most of the time.
        if (!isDeepStrictEqual({ verdict, refusedBy, addresses, effective }, naive)) {
          expect({ verdict, refusedBy, addresses, effective }).toEqual(naive);
        }
      }),
      { numRuns: RUNS },
    );
    // A generator that never allows would prove little.
    expect(allowed).toBeGreaterThan(RUNS / 20);
  });

  it('never allows more when a deny rule is added', () => {
    fc.assert(
      fc.property(policyFile, denyRule, principal, request, (file, extra, caller, asked) => {
        const stricter = { ...file, rules: [...numbered('extra', [extra]), ...file.rules] as PolicyFile['rules'] };
        const single = asked.emails.map((one) => ({ ...asked, emails: [one] }));
        for (const one of single) {
          const before = decide(compilePolicy(file, ''), caller, one, NOW_MS);
          const after = decide(compilePolicy(stricter, ''), caller, one, NOW_MS);
          expect(before.verdict === 'deny' && after.verdict === 'allow').toBe(false);
        }
      }),
      { numRuns: RUNS / 10 },
    );
  });

  it('never sends to an address outside every allow rule', () => {
    fc.assert(
      fc.property(policyFile, principal, request, (file, caller, asked) => {
        const denyOnly = { ...file, rules: file.rules.filter((rule) => rule.allow === undefined) };
        expect(decide(compilePolicy(denyOnly, ''), caller, asked, NOW_MS).verdict).toBe('deny');
      }),
      { numRuns: RUNS / 10 },
    );
  });

  it('judges an address alike whoever else is in the batch, forced values apart', () => {
    fc.assert(
      fc.property(policyFile, principal, request, (file, caller, asked) => {
        const policy = compilePolicy({ ...file, force: [], quotas: [] }, '');
        const together = decide(policy, caller, asked, NOW_MS).addresses;
        const alone = asked.emails.flatMap(
          (one) => decide(policy, caller, { ...asked, emails: [one] }, NOW_MS).addresses,
        );
        expect(together).toEqual(alone);
      }),
      { numRuns: RUNS / 10 },
    );
  });

  it('is the same when the file is read from its text, so that what is drawn here is a file', () => {
    fc.assert(
      fc.property(policyFile, principal, request, (file, caller, asked) => {
        expect(policyFileSchema.parse(file)).toEqual(file);
        const read = decide(policyFrom(JSON.stringify(file)), caller, asked, NOW_MS);
        expect(read).toEqual(decide(compilePolicy(file, ''), caller, asked, NOW_MS));
      }),
      { numRuns: 200 },
    );
  });
});
