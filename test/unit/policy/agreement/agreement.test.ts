/** Random policies and requests: the index must decide as a plain reading of the file does. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePolicy } from '../../../../src/policy/compile.ts';
import { decide } from '../../../../src/policy/evaluate.ts';
import type { PolicyFile } from '../../../../src/policy/document/schema.ts';
import { policyFileSchema } from '../../../../src/policy/document/schema.ts';
import { naiveCovers, naiveDecide, policyFrom } from '../../../support/policy.ts';
import { rounds } from '../../../support/rounds.ts';
import { denyRules, handlings, NOW_MS, numbered, policyFiles, principals, requests } from './arbitraries.ts';

const RUNS = rounds(2_000, 10_000);

// There are many runs but no waiting. The limit allows for a very slow machine.
describe('the compiled policy', { timeout: 300_000 }, () => {
  it.each(['strict', 'lenient'] as const)(
    'decides random requests under random policies as the naïve evaluator does, handled %s',
    (handling) => {
      let allowed = 0;
      let partly = 0;
      fc.assert(
        fc.property(policyFiles, principals, requests, (file, caller, asked) => {
          const policy = compilePolicy(file, '');
          const { verdict, refusedBy, effective, ...decided } = decide(policy, caller, asked, NOW_MS, handling);
          const addresses = decided.addresses.map((address) => {
            const { message: _, ...rest } = address;
            return rest;
          });
          const granted = addresses.filter(({ decision }) => decision === 'allow').length;
          allowed += granted > 0 ? 1 : 0;
          partly += granted > 0 && granted < addresses.length ? 1 : 0;
          const naive = naiveDecide(file, caller, asked, NOW_MS, handling);
          // `expect` for each of so many results would take most of the time.
          if (!isDeepStrictEqual({ verdict, refusedBy, addresses, effective }, naive)) {
            expect({ verdict, refusedBy, addresses, effective }).toEqual(naive);
          }
        }),
        { numRuns: RUNS },
      );
      // A generator whose requests are never allowed, or never in part, would prove little.
      expect(allowed).toBeGreaterThan(RUNS / 20);
      expect(partly).toBeGreaterThan(RUNS / 50);
    },
  );

  it('never allows more when a deny rule is added', () => {
    fc.assert(
      fc.property(policyFiles, denyRules, fc.nat(), principals, requests, (file, extra, place, caller, asked) => {
        const rules = file.rules.toSpliced(place % (file.rules.length + 1), 0, ...numberedRules([extra]));
        const policy = compilePolicy(file, '');
        const stricter = compilePolicy({ ...file, rules }, '');
        for (const email of asked.emails) {
          const one = { ...asked, emails: [email] };
          const before = decide(policy, caller, one, NOW_MS);
          const after = decide(stricter, caller, one, NOW_MS);
          expect(before.verdict === 'deny' && after.verdict === 'allow').toBe(false);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('sends no more addresses when a deny rule is added, force apart', () => {
    fc.assert(
      fc.property(policyFiles, denyRules, principals, requests, handlings, (file, extra, caller, asked, handling) => {
        // With forced values, fewer allowed addresses may make another set the largest.
        const plain = { ...file, force: [], quotas: [] };
        const rules = [...numberedRules([extra]), ...file.rules];
        const before = sentBy(decide(compilePolicy(plain, ''), caller, asked, NOW_MS, handling));
        const after = sentBy(decide(compilePolicy({ ...plain, rules }, ''), caller, asked, NOW_MS, handling));
        expect(after.filter((email) => !before.includes(email))).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  it('never sends to an address outside every allow rule of the caller', () => {
    let sent = 0;
    fc.assert(
      fc.property(policyFiles, principals, requests, handlings, (file, caller, asked, handling) => {
        const emails = sentBy(decide(compilePolicy(file, ''), caller, asked, NOW_MS, handling));
        sent += emails.length;
        expect(emails.filter((email) => !naiveCovers(file, caller, email, NOW_MS))).toEqual([]);
      }),
      { numRuns: RUNS },
    );
    expect(sent).toBeGreaterThan(RUNS / 20);
  });

  it('judges an address alike whoever else is in the batch, forced values apart', () => {
    fc.assert(
      fc.property(policyFiles, principals, requests, (file, caller, asked) => {
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
      fc.property(policyFiles, principals, requests, (file, caller, asked) => {
        expect(policyFileSchema.parse(file)).toEqual(file);
        const read = decide(policyFrom(JSON.stringify(file)), caller, asked, NOW_MS);
        expect(read).toEqual(decide(compilePolicy(file, ''), caller, asked, NOW_MS));
      }),
      { numRuns: 200 },
    );
  });
});

function numberedRules(rules: readonly object[]): PolicyFile['rules'] {
  return numbered('extra', rules) as PolicyFile['rules'];
}

function sentBy({ verdict, effective }: ReturnType<typeof decide>): readonly string[] {
  return verdict === 'allow' ? effective.emails : [];
}
