/** What a decision, a policy's loading and GET /v2/invite_policy cost by the size of the policy and of the request. */
import type { Principal } from '../../src/auth/principal.ts';
import type { InviteUsersRequest } from '../../src/contract/invite-users.ts';
import { describeCapabilities } from '../../src/policy/capabilities/capabilities.ts';
import { createCapabilityTexts } from '../../src/policy/capabilities/capability-texts.ts';
import type { CompiledPolicy } from '../../src/policy/compile.ts';
import { decide } from '../../src/policy/evaluate.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import type { Point } from '../results.ts';
import type { CurveId } from './curves.ts';
import type { Sampling } from './cpu-time.ts';
import { BRIEF, median, microseconds, THOROUGH, threadUs } from './cpu-time.ts';

const NOW_MS = Date.UTC(2026, 5, 15);
const GROUP = '9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d';

const PRINCIPAL: Principal = {
  issuer: 'corp',
  issuerUrl: 'https://login.example.com',
  subject: 'ann',
  clientId: 'hr-portal',
  groups: [],
  kind: 'user',
  scopes: ['invites:write'],
  tokenId: null,
  expiresAt: 0,
};

interface PolicySize {
  readonly rules?: number;
  readonly denied?: number;
  readonly callers?: number;
  readonly denyRules?: number;
}

const times = (count: number, row: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => row(n)).join('');

function textOf({ rules = 1, denied = 1, callers = 1, denyRules = 0 }: PolicySize): string {
  return `version: 1
domains:
  never:
${times(denied, (n) => `    - d${n}.example\n`)}callers:
  portal: { issuer: corp, client_id: [hr-portal] }
${times(callers - 1, (n) => `  app-${n}: { issuer: corp, client_id: [app-${n}] }\n`)}rules:
  - { id: never-invite, deny: any, domains: [$never] }
${times(denyRules, (n) => `  - { id: no-${n}, deny: any, roles: [admin], groups: [9b1deb4d-3b7d-4bad-9bdd-${String(n).padStart(12, '0')}] }\n`)}\
${times(rules - 1, (n) => `  - { id: partner-${n}, allow: [portal], domains: [p${n}.example, "*.p${n}.example"], roles: any, auth_methods: any, groups: [${GROUP}] }\n`)}\
${times(callers - 1, (n) => `  - { id: own-${n}, allow: [app-${n}], domains: [own${n}.example], roles: any, auth_methods: any }\n`)}\
  - { id: staff, allow: [portal], domains: [acme.com, "*.acme.com"], roles: [user], auth_methods: any }
quotas:
  - { id: day, per: client_id, window: 1d, emails: 1000 }
  - { id: person, per: invitee, window: 1d, emails: 3, plus_addressing: fold }
`;
}

function load(text: string): CompiledPolicy {
  const loaded = loadPolicy(text, { issuers: ['corp'] });
  if (loaded.kind === 'loaded') return loaded.policy;
  throw new Error(loaded.problems[0]?.message ?? 'the policy of the bench is refused');
}

function requestOf(addresses: number): InviteUsersRequest {
  const emails = Array.from({ length: addresses }, (_, n) => `person-${n}@eu.acme.com`);
  return { auth_method: 'okta', emails, role: 'user', group_ids: [], send_email: true };
}

function decideUs(policy: CompiledPolicy, addresses: number, sampling: Sampling): number {
  const request = requestOf(addresses);
  if (decide(policy, PRINCIPAL, request, NOW_MS).verdict !== 'allow') throw new Error('the bench asks for too much');
  return microseconds(() => decide(policy, PRINCIPAL, request, NOW_MS), sampling);
}

function loadMs(text: string, loads: number): number {
  return median(
    Array.from({ length: loads }, () => {
      const from = threadUs();
      load(text);
      return (threadUs() - from) / 1000;
    }),
  );
}

export function measurePolicyCurves(isQuick: boolean): Partial<Record<CurveId, readonly Point[]>> {
  const sampling = isQuick ? BRIEF : THOROUGH;
  const curve = (sizes: readonly number[], cost: (size: number) => number): Point[] =>
    (isQuick ? sizes.slice(0, -1) : sizes).map((size) => [size, cost(size)]);
  const large = load(textOf({ rules: 1000, denied: 100_000 }));
  const ofRules = [1, 10, 100, 500, 2000];
  // The first measured call would compile what all of them share.
  decideUs(large, 10, sampling);
  return {
    'decide-rules': curve(ofRules, (rules) => decideUs(load(textOf({ rules })), 1, sampling)),
    'decide-denied': curve([1, 100, 10_000, 100_000], (denied) => decideUs(load(textOf({ denied })), 1, sampling)),
    'decide-callers': curve([1, 100, 1000, 8000], (callers) => decideUs(load(textOf({ callers })), 1, sampling)),
    'decide-addresses': curve([1, 10, 50, 100, 250, 500], (addresses) => decideUs(large, addresses, sampling)),
    'load-denied': curve([1000, 10_000, 25_000, 100_000], (denied) => loadMs(textOf({ denied }), isQuick ? 1 : 3)),
    'capabilities-first': curve(ofRules, (rules) => {
      const policy = load(textOf({ rules, denyRules: 50 }));
      return microseconds(() => JSON.stringify(describeCapabilities(policy, PRINCIPAL, NOW_MS)), sampling);
    }),
    'capabilities-kept': curve(ofRules, (rules) => {
      const policy = load(textOf({ rules, denyRules: 50 }));
      const texts = createCapabilityTexts();
      return microseconds(() => texts.textFor(policy, PRINCIPAL, NOW_MS), sampling);
    }),
  };
}
