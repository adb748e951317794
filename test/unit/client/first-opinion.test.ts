import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InvitePolicy } from '../../../client/src/galileo-invite-client.ts';
import { firstOpinion } from '../../../client/src/galileo-invite-client.ts';
import { isEmailAddress } from '../../../client/src/addresses/email-address.ts';
import { planBatches } from '../../../client/src/batches.ts';
import { emailAddress } from '../../../src/contract/email-address.ts';
import { describeCapabilities } from '../../../src/policy/capabilities/capabilities.ts';
import type { CompiledPolicy } from '../../../src/policy/compile.ts';
import { compilePolicy } from '../../../src/policy/compile.ts';
import { decide } from '../../../src/policy/evaluate.ts';
import type { Principal } from '../../../src/auth/principal.ts';
import { rounds } from '../../support/rounds.ts';
import { ANNOTATORS, EXAMPLE_POLICY, policyFrom, REVIEWERS, testPrincipal, testRequest } from '../../support/policy.ts';
import { handlings, NOW_MS, policyFiles, principals, requests } from '../policy/agreement/arbitraries.ts';

const RUNS = rounds(3_000, 30_000);
const REFUSED = 'refused by what you can see';
const NOT_REFUSED = 'not refused by what you can see';

/** What GET /v2/invite_policy answers, as it arrives. */
function visible(policy: CompiledPolicy, principal: Principal): InvitePolicy {
  return JSON.parse(JSON.stringify({ ...describeCapabilities(policy, principal, NOW_MS), quotas: [] })) as InvitePolicy;
}

describe('a first opinion', () => {
  it('refuses nothing that the policy of the service allows', () => {
    const seen = { refused: 0, allowed: 0, deniedOnlyThere: 0 };
    fc.assert(
      fc.property(policyFiles, principals, requests, handlings, (file, principal, request, handling) => {
        const policy = compilePolicy(file, '');
        const opinions = firstOpinion(visible(policy, principal), request);
        const { addresses } = decide(policy, principal, request, NOW_MS, handling);
        for (const [index, { email, opinion, because }] of opinions.entries()) {
          const { decision } = addresses[index]!;
          expect(email).toBe(request.emails[index]);
          expect(opinion === REFUSED).toBe(because.length > 0);
          if (opinion === REFUSED) {
            expect(decision).toBe('deny');
            seen.refused += 1;
          } else if (decision === 'allow') seen.allowed += 1;
          else seen.deniedOnlyThere += 1;
        }
      }),
      { numRuns: RUNS },
    );
    // The generator finds all three, or the test shows nothing.
    expect(Math.min(seen.refused, seen.allowed, seen.deniedOnlyThere)).toBeGreaterThan(50);
  });

  it('gives the reasons of the nearest rule, after what the policy forces', () => {
    const policy = visible(policyFrom(EXAMPLE_POLICY), testPrincipal());
    const opinion = (email: string, asked: object = {}) => {
      const [only] = firstOpinion(policy, testRequest(email, asked));
      return [only?.opinion, ...(only?.because ?? [])];
    };
    // `google` is what is asked, `okta` is what is forced.
    expect(opinion('Ann@EU.acme.com', { auth_method: 'google' })).toEqual([NOT_REFUSED]);
    expect(opinion('ann@acme.com', { role: 'admin' })).toEqual([REFUSED, 'roles']);
    expect(opinion('ann@acme.com', { role: 'admin', group_ids: [REVIEWERS] })).toEqual([REFUSED, 'roles', 'groups']);
    expect(opinion('ann@acme.com', { group_ids: [ANNOTATORS.toUpperCase()] })).toEqual([NOT_REFUSED]);
    expect(opinion('ann@notacme.com')).toEqual([REFUSED, 'no-rule']);
    expect(opinion('ann@acme')).toEqual([REFUSED, 'address']);
    // A deny rule for one address cannot be seen.
    expect(opinion('ex-cto@acme.com')).toEqual([NOT_REFUSED]);
  });

  it('takes the defaults of the contract for what a request leaves out', () => {
    const policy = visible(policyFrom(EXAMPLE_POLICY), testPrincipal());
    expect(firstOpinion(policy, { emails: ['ann@acme.com'] })).toMatchObject([{ opinion: NOT_REFUSED }]);
    const unforced = { ...policy, forced: [] };
    expect(firstOpinion(unforced, { emails: ['ann@acme.com'] })).toMatchObject([{ because: ['auth_methods'] }]);
  });
});

describe('the address rule of the client', () => {
  const piece = fc.stringMatching(/^[\w.+'@ -]{0,12}$/);
  const texts = fc.oneof(
    fc.string(),
    fc
      .tuple(piece, fc.constantFrom('acme.com', 'eu.acme.com', 'xn--bcher-kva.de', 'a-b.co', 'acme', '-a.io', 'a..io'))
      .map((parts) => parts.join('@')),
    fc.emailAddress(),
    fc.emailAddress({ size: 'large' }),
  );

  it('accepts what the service accepts', () => {
    let accepted = 0;
    fc.assert(
      fc.property(texts, (text) => {
        if (emailAddress(text) === null) return;
        accepted += 1;
        expect(isEmailAddress(text)).toBe(true);
      }),
      { numRuns: RUNS },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  it.each([
    '',
    'ann',
    '@acme.com',
    'ann@',
    'ann@acme',
    'a b@acme.com',
    'ann@@acme.com',
    'ann@acme.com@acme.com',
    'ann\u212a@acme.com',
    'ann@acme.\u212aom',
    'ann@acme.com.',
    'ann@-acme.com',
    `${'l'.repeat(65)}@acme.com`,
  ])('refuses %j', (text) => {
    expect(isEmailAddress(text)).toBe(false);
  });

  it('takes the longest parts that mail allows', () => {
    const domain = `${'d'.repeat(63)}.${'e'.repeat(63)}.${'f'.repeat(57)}.com`;
    expect(isEmailAddress(`${'l'.repeat(64)}@${domain}`)).toBe(true);
    expect(isEmailAddress(`${'l'.repeat(64)}@x${domain}`)).toBe(false);
  });
});

describe('a plan of batches', () => {
  it('puts no two addresses in one batch for which the policy forces different values', () => {
    let cut = 0;
    fc.assert(
      fc.property(policyFiles, principals, requests, (file, principal, { emails, ...request }) => {
        const policy = compilePolicy(file, '');
        const { batches } = planBatches(emails, visible(policy, principal), { request });
        if (batches.length > 1) cut += 1;
        for (const batch of batches) {
          const allowed = batch.emails.filter(
            (email) => decide(policy, principal, { ...request, emails: [email] }, NOW_MS).refusedBy !== 'policy',
          );
          if (allowed.length === 0) continue;
          const { addresses } = decide(policy, principal, { ...request, emails: allowed }, NOW_MS);
          expect(addresses.flatMap(({ because }) => because)).not.toContain('force');
        }
      }),
      { numRuns: RUNS },
    );
    expect(cut).toBeGreaterThan(50);
  });

  it('fits every limit in addresses that a request can exceed, and the size of a body', () => {
    const list = Array.from({ length: 1_200 }, (_, n) => `person-${n}@acme.com`);
    const sizes = (limits: InvitePolicy['limits'], emails = list) =>
      planBatches(emails, { digest: '', rules: [], forced: [], limits, quotas: [] }, {}).batches.map(
        (batch) => batch.emails.length,
      );
    const limit = (per: InvitePolicy['limits'][number]['per'], unit: 'emails' | 'requests', most: number) => ({
      ...{ id: per, per, unit, limit: most, window_s: per === 'request' ? null : 60 },
    });
    expect(sizes([])).toEqual([500, 500, 200]);
    expect(
      sizes([limit('request', 'emails', 450), limit('invitee', 'emails', 3), limit('subject', 'requests', 20)]),
    ).toEqual([450, 450, 300]);
    expect(sizes([limit('request', 'emails', 450), limit('client_id', 'emails', 400)])).toEqual([400, 400, 400]);
    const long = list.map((email) =>
      `${'x'.repeat(50)}${email.padStart(20, 'y')}@${'d'.repeat(60)}.${'e'.repeat(60)}.example.com`.replace(
        '@acme.com',
        '',
      ),
    );
    const { batches } = planBatches(long, { digest: '', rules: [], forced: [], limits: [], quotas: [] }, {});
    expect(batches.length).toBeGreaterThan(3);
    for (const { emails } of batches) expect(JSON.stringify(emails).length).toBeLessThan(60 * 1024);
    expect(batches.flatMap(({ emails }) => emails)).toEqual(long);
    // The service counts bytes, also of what is no address and will be left out.
    const wide = list.map((email) => `${'ü'.repeat(150)}${email}`);
    const cut = planBatches(wide, { digest: '', rules: [], forced: [], limits: [], quotas: [] }, {}).batches;
    for (const { emails } of cut) expect(Buffer.byteLength(JSON.stringify(emails))).toBeLessThan(60 * 1024);
  });

  it('has each address once, in its order, and a key of its own for each batch', () => {
    const policy = visible(policyFrom(EXAMPLE_POLICY), testPrincipal());
    const list = ['ann@acme.com', 'bo@partner.io', 'ANN@acme.com', 'cy@acme.com'];
    const { batches } = planBatches(list, policy, {});
    expect(batches.map(({ emails }) => emails)).toEqual([['ann@acme.com', 'cy@acme.com'], ['bo@partner.io']]);
    expect(new Set(batches.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(2);
  });
});
