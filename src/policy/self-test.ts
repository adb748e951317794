/**
 * Runs the tests of a policy file through the same `decide` that real requests use. A test names a caller; its
 * principal is the simplest one that matches this caller. A failure reports the expected and the actual result, by rule
 * and key and never by address.
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

/** The input that a test gives to `decide`, for this policy or another one. */
export interface Question {
  readonly principal: Principal;
  readonly request: InviteUsersRequest;
  /** Milliseconds since the epoch. -Infinity for a test without `at`, so that no rule has reached its end date. */
  readonly nowMs: number;
}

/** Expects the file that the policy was compiled from. The result is empty when every test passes. */
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

/** No caller lists this value, because the schema refuses empty texts. */
const UNLISTED = '';

/** The simplest principal that matches this caller: the first entry of each list, and a user unless `kind` is set. */
export function plainestPrincipal(caller: CallerRow): Principal {
  return {
    issuer: caller.issuer,
    issuerUrl: `urn:self-test:${caller.issuer}`,
    subject: caller.subject?.[0] ?? UNLISTED,
    clientId: caller.client_id?.[0] ?? UNLISTED,
    groups: caller.groups?.slice(0, 1) ?? [],
    kind: caller.kind ?? 'user',
    scopes: ['invites:write'],
    tokenId: null,
    expiresAt: Number.MAX_SAFE_INTEGER,
  };
}

/** A value that is left out has the upstream's default. */
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
