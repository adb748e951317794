/**
 * Runs the tests a policy file carries, through the same `decide` that real requests meet. A test speaks as a
 * caller by name: its principal is the plainest one that matches this caller. Reports what came instead of what
 * was expected, by rule and key; never an address.
 */
import type { Principal } from '../auth/principal.ts';
import type { InviteUsersRequest } from '../contract/invite-users.ts';
import type { CompiledPolicy } from './compile.ts';
import { resolveGroups } from './compile.ts';
import type { Decision } from './decision.ts';
import { decide } from './evaluate.ts';
import type { DocumentProblem } from './document/problems.ts';
import type { CallerRow, PolicyFile, TestRow } from './document/schema.ts';
import { instantMs } from './document/schema.ts';

/** A test as a question that `decide` can be asked, under this policy or another. */
export interface Question {
  readonly principal: Principal;
  readonly request: InviteUsersRequest;
  /** Milliseconds since the epoch; without `at` a test is about the rules, not about the day: no end date has come. */
  readonly nowMs: number;
}

/** Wants the file the policy was compiled from. Empty when every test holds. */
export function runSelfTests(file: PolicyFile, policy: CompiledPolicy): DocumentProblem[] {
  const groups = new Map(Object.entries(file.groups ?? {}));
  return (file.tests ?? []).flatMap((test, index) => {
    const question = questionOf(file, test);
    if (question === null) return [{ path: ['tests', index, 'as'], message: 'unknown caller' }];
    const failure = failureOf(test, askPolicy(policy, question), groups);
    return failure === null
      ? []
      : [{ path: ['tests', index, failure.key], message: `test failed: ${failure.message}` }];
  });
}

/** Null when the file has no such caller. */
export function questionOf(file: PolicyFile, test: TestRow): Question | null {
  const caller = file.callers?.[test.as];
  if (caller === undefined) return null;
  return {
    principal: plainestPrincipal(caller),
    request: requestOf(test, new Map(Object.entries(file.groups ?? {}))),
    nowMs: (test.at === undefined ? null : instantMs(test.at)) ?? -Infinity,
  };
}

export function askPolicy(policy: CompiledPolicy, { principal, request, nowMs }: Question): Decision {
  return decide(policy, principal, request, nowMs);
}

/** What no caller lists: the schema refuses empty texts. */
const NOBODY = '';

/** Who is this caller and as little else as can be: the first entry of each list, a user unless it says otherwise. */
export function plainestPrincipal(caller: CallerRow): Principal {
  return {
    issuer: caller.issuer,
    issuerUrl: `urn:self-test:${caller.issuer}`,
    subject: caller.subject?.[0] ?? NOBODY,
    clientId: caller.client_id?.[0] ?? NOBODY,
    groups: caller.groups?.slice(0, 1) ?? [],
    kind: caller.kind ?? 'user',
    scopes: ['invites:write'],
    tokenId: null,
    expiresAt: Number.MAX_SAFE_INTEGER,
  };
}

/** Left out means what it means upstream. */
function requestOf(test: TestRow, groups: ReadonlyMap<string, string>): InviteUsersRequest {
  return {
    auth_method: test.auth_method ?? 'email',
    emails: [test.invite].flat(),
    role: test.role ?? 'user',
    group_ids: resolveGroups(test.groups ?? [], groups),
    send_email: test.send_email ?? true,
  };
}

interface Failure {
  readonly key: 'expect' | 'by' | 'because' | 'sends';
  readonly message: string;
}

function failureOf(test: TestRow, decision: Decision, groups: ReadonlyMap<string, string>): Failure | null {
  const got = describe(decision);
  if (decision.verdict !== test.expect) return { key: 'expect', message: `expected ${test.expect}, got ${got}` };
  const decided = decision.addresses.filter((address) => address.decision === decision.verdict);
  if (test.by !== undefined && !decided.every(({ rule }) => rule === test.by)) {
    return { key: 'by', message: `expected ${test.expect} by ${test.by}, got ${got}` };
  }
  const { because } = test;
  if (because !== undefined && !decided.every((address) => sameMembers(address.because, [because].flat()))) {
    return { key: 'because', message: `expected ${[because].flat().join(', ')}, got ${got}` };
  }
  const unlike = Object.entries(test.sends ?? {}).find(
    ([key, value]) => !sends(decision.effective, key, value, groups),
  );
  if (unlike === undefined) return null;
  const [key, value] = unlike;
  return {
    key: 'sends',
    message: `expected to send ${key} ${show(value)}, got ${show(sent(decision.effective, key))}`,
  };
}

/** Each distinct deciding rule with its reasons, such as "deny by hr-staff (roles)". */
function describe(decision: Decision): string {
  const decided = decision.addresses.filter((address) => address.decision === decision.verdict);
  const each = decided.map(
    ({ rule, because }) =>
      `${rule === null ? '' : ` by ${rule}`}${because.length === 0 ? '' : ` (${because.join(', ')})`}`,
  );
  return `${decision.verdict}${[...new Set(each)].join(' and')}`;
}

function sends(
  effective: InviteUsersRequest,
  key: string,
  expected: unknown,
  groups: ReadonlyMap<string, string>,
): boolean {
  const actual = sent(effective, key);
  if (!Array.isArray(expected)) return actual === expected;
  return Array.isArray(actual) && sameMembers(actual, resolveGroups(expected, groups));
}

function sent(effective: InviteUsersRequest, key: string): unknown {
  return new Map<string, unknown>([...Object.entries(effective), ['groups', effective.group_ids]]).get(key);
}

function sameMembers(a: readonly string[], b: readonly string[]): boolean {
  return a.every((member) => b.includes(member)) && b.every((member) => a.includes(member));
}

function show(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
}
