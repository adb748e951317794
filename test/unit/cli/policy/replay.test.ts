/** The result for a recorded request is true of the original request, for any groups its caller may have had. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RequestRecord } from '../../../../src/audit/record.ts';
import { compareDecisions, replayRecord } from '../../../../src/cli/policy/replay.ts';
import { emailsInRecord, recordBase } from '../../../../src/invite/record.ts';
import { compilePolicy } from '../../../../src/policy/compile.ts';
import { decide } from '../../../../src/policy/evaluate.ts';
import type { PolicyFile } from '../../../../src/policy/document/schema.ts';
import { NOW_MS, policyFiles, principals, requests } from '../../policy/agreement/arbitraries.ts';

const RUNS = 2000;

describe('a recorded request, decided again under two policies', () => {
  it('is called alike, or surely otherwise, only when it truly is', () => {
    const seen = { alike: 0, differs: 0, unsure: 0 };
    fc.assert(
      fc.property(
        policyFiles,
        policyFiles,
        fc.boolean(),
        principals,
        requests,
        (old, next, sameRules, caller, asked) => {
          const side = (file: PolicyFile, digest: string) => ({ file, policy: compilePolicy(file, digest) });
          const before = side(old, 'a'.repeat(64));
          const after = side(sameRules ? { ...old, rules: old.rules.slice(1) } : next, 'b'.repeat(64));
          const decision = decide(before.policy, caller, asked, NOW_MS);
          const record = {
            ...recordBase({
              requestId: 'r',
              principal: caller,
              source: { address: null },
              service: { name: 'x', version: '0', runtime: 'test', instance: 'test' },
              asked,
              decision,
              policy: before.policy,
              idempotencyKey: null,
              requestSha256: null,
              emailsInRecord: emailsInRecord(asked.emails, (email) => email),
            }),
            kind: 'intent',
            outcome: { result: 'admitted' },
            ...{ seq: 1, id: 'x', prev: '', hash: '', time: new Date(NOW_MS).toISOString() },
          } satisfies RequestRecord;
          const truth = compareDecisions(decision, decide(after.policy, caller, asked, NOW_MS));
          const replayed = replayRecord(record, before, after);
          if (replayed.kind === 'alike') {
            expect(truth.divergences).toEqual([]);
            seen.alike += 1;
          } else if (replayed.kind === 'differs' && replayed.certain) {
            expect({ divergences: replayed.divergences, emails: replayed.emails }).toEqual(truth);
            seen.differs += 1;
          } else seen.unsure += 1;
        },
      ),
      { numRuns: RUNS },
    );
    for (const times of Object.values(seen)) expect(times).toBeGreaterThan(RUNS / 200);
  });
});
