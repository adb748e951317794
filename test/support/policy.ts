/**
 * Policies and principals for tests, and a second, naive policy evaluator. The evaluator implements docs/policy.md on
 * the parsed file with loops and string comparisons only. It shares no code with src/policy, so the two can be
 * compared.
 */
import type { Principal } from '../../src/auth/principal.ts';
import type { InviteUsersRequest } from '../../src/contract/invite-users.ts';
import type { CompiledPolicy } from '../../src/policy/compile.ts';
import type { AddressDecision, Handling } from '../../src/policy/decision.ts';
import type { PolicyProblem } from '../../src/policy/load.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import type { PolicyFile } from '../../src/policy/document/schema.ts';

export const TEST_ISSUERS = ['corp', 'partners'] as const;

export const ANNOTATORS = '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d';
export const REVIEWERS = '1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed';

/** The example of docs/policy.md, word for word. */
export const EXAMPLE_POLICY = `# deny beats allow; nothing matches = deny. A failing test below blocks loading.
version: 1
domains:
  acme:  [acme.com, "*.acme.com"]    # "*." is sub-domains of any depth; the apex is always written out
  never: [gmail.com, rival.io, "*.rival.io"]
groups:
  annotators: 9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d   # names for people; forms show them
callers:                             # every caller pins its issuer (a name from AUTH_ISSUERS)
  hr-portal: { issuer: corp, client_id: [hr-portal] }
  it-admins: { issuer: corp, groups: [it-admins] }
force:                               # applied before the rules, reported back to the caller
  - { id: staff-use-okta, domains: [$acme], auth_method: okta, send_email: false }
rules:
  - { id: never-invite, deny: any, domains: [$never], emails: [ex-cto@acme.com] }
  - { id: hr-staff,     allow: [hr-portal], domains: [$acme], roles: [user, read_only], auth_methods: [okta], groups: [$annotators] }
  - { id: it-partners,  allow: [it-admins], domains: [$acme, partner.io], roles: any, auth_methods: any, groups: any, until: 2027-01-01 }
quotas:
  - { id: batch,   per: request,   emails: 50 }
  - { id: app-day, per: client_id, window: 1d, emails: 500 }
  - { id: burst,   per: subject,   window: 1m, requests: 20 }
  - { id: person,  per: invitee,   window: 1d, emails: 3 }
tests:
  - { as: hr-portal, invite: ann@eu.acme.com, auth_method: google, expect: allow, by: hr-staff, sends: { auth_method: okta, send_email: false } }
  - { as: hr-portal, invite: ann@acme.com, role: admin, expect: deny, because: [roles] }
  - { as: hr-portal, invite: ann@notacme.com, expect: deny, because: no-rule }
`;

/** The policy in this text. Throws when it does not load. */
export function policyFrom(text: string, issuers: readonly string[] = TEST_ISSUERS): CompiledPolicy {
  const loaded = loadPolicy(text, { issuers });
  if (loaded.kind === 'loaded') return loaded.policy;
  throw new Error(loaded.problems.map(({ line, column, message }) => `${line}:${column} ${message}`).join('\n'));
}

/** The problems of this text. Empty when it loads. */
export function problemsOf(text: string, issuers: readonly string[] = TEST_ISSUERS): readonly PolicyProblem[] {
  const loaded = loadPolicy(text, { issuers });
  return loaded.kind === 'refused' ? loaded.problems : [];
}

export function testPrincipal(overrides: Partial<Principal> = {}): Principal {
  return {
    issuer: 'corp',
    issuerUrl: 'https://login.example.com',
    subject: 'sub-1',
    clientId: 'hr-portal',
    groups: [],
    kind: 'user',
    scopes: ['invites:write'],
    tokenId: null,
    expiresAt: 4_102_444_800,
    ...overrides,
  };
}

export function testRequest(
  emails: string | string[],
  overrides: Partial<InviteUsersRequest> = {},
): InviteUsersRequest {
  return { auth_method: 'email', emails: [emails].flat(), role: 'user', group_ids: [], send_email: true, ...overrides };
}

/** Without the sentence for people, which decides nothing. */
type NaiveAddress = Omit<AddressDecision, 'message'>;

export interface NaiveDecision {
  readonly verdict: 'allow' | 'deny';
  readonly refusedBy: 'policy' | 'quota' | null;
  readonly addresses: readonly NaiveAddress[];
  readonly effective: InviteUsersRequest;
}

type Row = { readonly domains?: readonly string[] | undefined; readonly emails?: readonly string[] | undefined };
type Values = { auth_method: string; role: string; groups: string[]; send_email: boolean };

/** The decision of docs/policy.md about this request, without claims and without the list of forced values. */
export function naiveDecide(
  file: PolicyFile,
  principal: Principal,
  request: InviteUsersRequest,
  nowMs: number,
  handling: Handling = 'strict',
): NaiveDecision {
  const callers = naiveCallers(file, principal);
  const each = request.emails.map((email) => {
    const values = naiveForce(file, email, request);
    return { email, values, decision: naiveAddress(file, callers, email, values, nowMs) };
  });

  // The values that most allowed addresses share. On a tie, the values of the first address.
  const pool = each.some(({ decision }) => decision.decision === 'allow')
    ? each.filter(({ decision }) => decision.decision === 'allow')
    : each;
  let chosen = pool[0]!;
  for (const candidate of pool) {
    const votes = (of: typeof candidate): number => pool.filter(({ values }) => alike(values, of.values)).length;
    if (votes(candidate) > votes(chosen)) chosen = candidate;
  }

  let addresses: NaiveAddress[] = each.map(({ email, values, decision }) => {
    if (decision.decision === 'deny' || alike(values, chosen.values)) return decision;
    const field = (['auth_method', 'role', 'groups', 'send_email'] as const).find(
      (key) => !alike({ [key]: values[key] }, { [key]: chosen.values[key] }),
    )!;
    const forcing = (of: string): string | undefined =>
      (file.force ?? []).find((row) => row[field] !== undefined && targets(file, row, of))?.id;
    const holders = pool.filter((member) => alike(member.values, chosen.values)).map((member) => forcing(member.email));
    return {
      email,
      decision: 'deny',
      rule: forcing(email) ?? holders.find((id) => id !== undefined) ?? null,
      because: ['force'],
    };
  });

  let granted = addresses.filter(({ decision }) => decision === 'allow');
  let refusedBy: NaiveDecision['refusedBy'] =
    granted.length === 0 || (handling === 'strict' && granted.length !== addresses.length) ? 'policy' : null;
  // In lenient handling the allowed addresses are the request.
  let emails = refusedBy === null ? granted.map(({ email }) => email) : request.emails;
  // Lenient: who is left out does not count towards the other limits.
  const isFirst = ({ per }: { per: string }): number => Number(handling === 'lenient' && per === 'invitee');
  const limits = (file.quotas ?? [])
    .filter((quota) => quota.emails !== undefined)
    .toSorted((a, b) => isFirst(b) - isFirst(a));
  for (let index = 0; refusedBy === null && index < limits.length; index += 1) {
    const { id, per, emails: limit = 0, plus_addressing: plus } = limits[index]!;
    const excess =
      per === 'invitee' ? namedTooOften(emails, limit, plus === 'fold', handling) : emails.length > limit ? emails : [];
    if (excess.length === 0) continue;
    addresses = addresses.map((address) =>
      address.decision === 'allow' && excess.includes(address.email)
        ? { email: address.email, decision: 'deny', rule: id, because: ['emails'] }
        : address,
    );
    if (handling === 'strict' || per !== 'invitee') {
      refusedBy = 'quota';
      break;
    }
    // The address is left out alone, and the limits are looked at again for the others.
    granted = addresses.filter(({ decision }) => decision === 'allow');
    emails = granted.map(({ email }) => email);
    index = -1;
  }
  const { auth_method, role, groups, send_email } = chosen.values;
  return {
    verdict: refusedBy === null ? 'allow' : 'deny',
    refusedBy,
    addresses,
    effective: { auth_method, emails, role, group_ids: groups, send_email } as InviteUsersRequest,
  };
}

/** Whether an allow rule of this caller covers the address and has not ended. */
export function naiveCovers(file: PolicyFile, principal: Principal, email: string, nowMs: number): boolean {
  const callers = naiveCallers(file, principal);
  return file.rules.some(
    (rule) =>
      (rule.until === undefined || nowMs < Date.parse(rule.until)) &&
      (rule.allow ?? []).some((name) => callers.includes(name)) &&
      targets(file, rule, email),
  );
}

function naiveCallers(file: PolicyFile, principal: Principal): string[] {
  const callers: string[] = [];
  for (const [name, caller] of Object.entries(file.callers ?? {})) {
    if (caller.issuer !== principal.issuer) continue;
    if (caller.client_id && !caller.client_id.includes(principal.clientId)) continue;
    if (caller.subject && !caller.subject.includes(principal.subject)) continue;
    if (caller.groups && !caller.groups.some((group) => principal.groups.includes(group))) continue;
    if (caller.kind && caller.kind !== principal.kind) continue;
    callers.push(name);
  }
  return callers;
}

/** The addresses of people who are named more than `limit` times; lenient: only those beyond the limit. */
function namedTooOften(emails: readonly string[], limit: number, fold: boolean, handling: Handling): string[] {
  const person = (email: string): string => {
    const [local, domain] = email.toLowerCase().split('@') as [string, string];
    const plus = local.indexOf('+');
    return `${fold && plus > 0 ? local.slice(0, plus) : local}@${domain}`;
  };
  return emails.filter((email, place) => {
    const of = handling === 'strict' ? emails : emails.slice(0, place + 1);
    return of.filter((other) => person(other) === person(email)).length > limit;
  });
}

function naiveForce(file: PolicyFile, email: string, request: InviteUsersRequest): Values {
  const rows = (file.force ?? []).filter((row) => targets(file, row, email));
  const groups = rows.find((row) => row.groups !== undefined)?.groups;
  return {
    auth_method: rows.find((row) => row.auth_method !== undefined)?.auth_method ?? request.auth_method,
    role: rows.find((row) => row.role !== undefined)?.role ?? request.role,
    groups: groups === undefined ? request.group_ids : groupIds(file, groups),
    send_email: rows.find((row) => row.send_email !== undefined)?.send_email ?? request.send_email,
  };
}

function naiveAddress(
  file: PolicyFile,
  callers: readonly string[],
  email: string,
  values: Values,
  nowMs: number,
): NaiveAddress {
  const live = file.rules.filter((rule) => rule.until === undefined || nowMs < Date.parse(rule.until));
  for (const rule of live) {
    const concerns = rule.deny === 'any' || (rule.deny ?? []).some((name) => callers.includes(name));
    const open = rule.domains === undefined && rule.emails === undefined;
    if (!concerns || !(open || targets(file, rule, email))) continue;
    const because: string[] = [];
    if (targets(file, { domains: rule.domains }, email)) because.push('domains');
    if (targets(file, { emails: rule.emails }, email)) because.push('emails');
    let hits = true;
    for (const [key, list, value] of [
      ['roles', rule.roles, values.role],
      ['auth_methods', rule.auth_methods, values.auth_method],
    ] as const) {
      if (list === undefined || list === 'any') continue;
      if ((list as readonly string[]).includes(value)) because.push(key);
      else hits = false;
    }
    if (rule.groups !== undefined && rule.groups !== 'any') {
      const named = groupIds(file, rule.groups);
      if (values.groups.some((id) => named.includes(id))) because.push('groups');
      else hits = false;
    }
    if (hits) return { email, decision: 'deny', rule: rule.id, because: because.length > 0 ? because : ['deny'] };
  }
  let nearest: NaiveAddress = {
    email,
    decision: 'deny',
    rule: null,
    because: [callers.length === 0 ? 'no-caller' : 'no-rule'],
  };
  let fewest = Infinity;
  for (const rule of live) {
    if (!(rule.allow ?? []).some((name) => callers.includes(name)) || !targets(file, rule, email)) continue;
    const failing: string[] = [];
    if (rule.roles !== 'any' && !(rule.roles as readonly string[]).includes(values.role)) failing.push('roles');
    if (rule.auth_methods !== 'any' && !(rule.auth_methods as readonly string[]).includes(values.auth_method))
      failing.push('auth_methods');
    if (rule.groups !== 'any') {
      const named = groupIds(file, rule.groups ?? []);
      if (!values.groups.every((id) => named.includes(id))) failing.push('groups');
    }
    if (failing.length >= fewest) continue;
    fewest = failing.length;
    nearest = { email, decision: failing.length === 0 ? 'allow' : 'deny', rule: rule.id, because: failing };
  }
  return nearest;
}

function targets(file: PolicyFile, row: Row, email: string): boolean {
  const address = email.toLowerCase();
  const domain = address.split('@')[1]!;
  if ((row.emails ?? []).some((entry) => entry.toLowerCase() === address)) return true;
  const patterns = (row.domains ?? []).flatMap((entry) =>
    entry.startsWith('$') ? file.domains![entry.slice(1)]! : [entry],
  );
  return patterns.some((pattern) => (pattern.startsWith('*') ? domain.endsWith(pattern.slice(1)) : domain === pattern));
}

function groupIds(file: PolicyFile, entries: readonly string[]): string[] {
  return entries.map((entry) => (entry.startsWith('$') ? file.groups![entry.slice(1)]! : entry).toLowerCase());
}

/** Equality with lists as sets. */
function alike(a: object, b: object): boolean {
  const plain = (values: object): string =>
    JSON.stringify(
      Object.entries(values).map(([key, value]) => [
        key,
        Array.isArray(value) ? [...new Set(value as string[])].toSorted() : value,
      ]),
    );
  return plain(a) === plain(b);
}
