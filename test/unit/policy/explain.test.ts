import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePolicy } from '../../../src/policy/compile.ts';
import { decide } from '../../../src/policy/evaluate.ts';
import { explain } from '../../../src/policy/explain.ts';
import { ANNOTATORS, EXAMPLE_POLICY, policyFrom, REVIEWERS, testPrincipal, testRequest } from '../../support/policy.ts';
import { handlings, NOW_MS, policyFiles, principals, requests } from './agreement/arbitraries.ts';

const POLICY = policyFrom(EXAMPLE_POLICY);

describe('an explanation', () => {
  it('holds the very decision, and its trace leads to it', () => {
    fc.assert(
      fc.property(policyFiles, principals, requests, handlings, (file, caller, asked, handling) => {
        const policy = compilePolicy(file, '');
        const { decision, addresses, callers } = explain(policy, caller, asked, NOW_MS, handling);
        expect(decision).toEqual(decide(policy, caller, asked, NOW_MS, handling));
        for (const { decision: verdict, rules } of addresses) {
          const aside = verdict.because[0] === 'force' || verdict.because[0] === 'emails';
          const hit = rules.find(({ effect, applies }) => effect === 'deny' && applies);
          const allowing = rules.find(({ effect, applies }) => effect === 'allow' && applies);
          if (hit !== undefined) expect([verdict.decision, verdict.rule]).toEqual(['deny', hit.id]);
          else if (allowing !== undefined && !aside)
            expect([verdict.decision, verdict.rule]).toEqual(['allow', allowing.id]);
          else if (allowing === undefined && verdict.rule === null)
            expect(verdict.because).toEqual([callers.length === 0 ? 'no-caller' : 'no-rule']);
          else if (allowing === undefined) {
            // The nearest rule, and the keys that failed.
            const nearest = rules.find(({ id }) => id === verdict.rule);
            expect(nearest?.misses.map(({ key }) => key)).toEqual(verdict.because);
          }
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('names every caller that the principal is', () => {
    const { callers } = explain(POLICY, testPrincipal({ groups: ['it-admins'] }), testRequest('ann@acme.com'), NOW_MS);
    expect(callers.toSorted()).toEqual(['hr-portal', 'it-admins']);
  });

  it('shows what each rule says where it does not apply, groups by name', () => {
    const asked = testRequest('ann@acme.com', { role: 'admin', group_ids: [REVIEWERS] });
    const [address] = explain(POLICY, testPrincipal(), asked, NOW_MS).addresses;
    expect(address?.forced).toEqual([
      { rule: 'staff-use-okta', field: 'auth_method', value: 'okta' },
      { rule: 'staff-use-okta', field: 'send_email', value: false },
    ]);
    expect(address?.rules).toEqual([
      {
        id: 'never-invite',
        effect: 'deny',
        applies: false,
        misses: [{ key: 'target', values: ['$never', 'ex-cto@acme.com'] }],
      },
      {
        id: 'hr-staff',
        effect: 'allow',
        applies: false,
        misses: [
          { key: 'roles', values: ['user', 'read_only'] },
          { key: 'groups', values: ['annotators'] },
        ],
      },
    ]);
  });

  it('says of a rule that has ended when it did', () => {
    const admin = testPrincipal({ clientId: 'x', groups: ['it-admins'] });
    const [address] = explain(POLICY, admin, testRequest('pat@partner.io'), Date.UTC(2027, 0, 1)).addresses;
    expect(address?.rules.at(-1)).toEqual({
      id: 'it-partners',
      effect: 'allow',
      applies: false,
      misses: [{ key: 'until', values: ['2027-01-01'] }],
    });
  });

  it('never speaks of another caller’s rules', () => {
    const { addresses } = explain(POLICY, testPrincipal(), testRequest('ann@acme.com'), NOW_MS);
    expect(addresses[0]?.rules.map(({ id }) => id)).toEqual(['never-invite', 'hr-staff']);
  });

  it('says what each quota would be asked for', () => {
    const asked = testRequest(['ann@acme.com', 'bob@acme.com'], { group_ids: [ANNOTATORS] });
    const { quotas } = explain(POLICY, testPrincipal(), asked, NOW_MS);
    expect(quotas.map(({ quota, counters, amount }) => [quota.id, counters, amount])).toEqual([
      ['batch', 0, 2],
      ['app-day', 1, 2],
      ['burst', 1, 1],
      ['person', 2, 1],
    ]);
  });
});
