/**
 * Measures the time of a policy decision, by rules, denied domains and addresses, and of loading a policy file. Prints
 * the tables of docs/policy.md as Markdown. It is not a test: the figures depend on the machine.
 * test/unit/policy/cost.test.ts tests how the time grows.
 * Run: node bench/policy-cost.ts
 */
import { cpus } from 'node:os';
import type { Principal } from '../src/auth/principal.ts';
import type { InviteUsersRequest } from '../src/contract/invite-users.ts';
import type { CompiledPolicy } from '../src/policy/compile.ts';
import { decide } from '../src/policy/evaluate.ts';
import { loadPolicy } from '../src/policy/load.ts';

/** Each figure is the median of so many samples of this thread's CPU time, so other processes disturb it less. */
const SAMPLES = 31;
const SAMPLE_MS = 20;
const LOADS = 5;
const NOW_MS = Date.UTC(2026, 5, 15);

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

function textOf(rules: number, deniedDomains: number): string {
  const denied = Array.from({ length: deniedDomains }, (_, index) => `    - d${index}.example\n`).join('');
  const partners = Array.from(
    { length: rules - 1 },
    (_, index) =>
      `  - { id: partner-${index}, allow: [portal], domains: [p${index}.example, "*.p${index}.example"], roles: any, auth_methods: any }\n`,
  );
  return `version: 1
domains:
  never:
${denied}callers:
  portal: { issuer: corp, client_id: [hr-portal] }
rules:
  - { id: never-invite, deny: any, domains: [$never] }
${partners.join('')}  - { id: staff, allow: [portal], domains: [acme.com, "*.acme.com"], roles: [user], auth_methods: any }
quotas:
  - { id: day, per: client_id, window: 1d, emails: 1000 }
  - { id: person, per: invitee, window: 1d, emails: 3, plus_addressing: fold }
`;
}

function load(text: string): CompiledPolicy {
  const loaded = loadPolicy(text, { issuers: ['corp'] });
  if (loaded.kind === 'loaded') return loaded.policy;
  throw new Error(loaded.problems[0]?.message ?? 'refused');
}

function requestOf(addresses: number): InviteUsersRequest {
  const emails = Array.from({ length: addresses }, (_, index) => `person-${index}@eu.acme.com`);
  return { auth_method: 'okta', emails, role: 'user', group_ids: [], send_email: true };
}

/** Microseconds per call: the median of the samples. */
function microseconds(run: () => unknown): number {
  const sample = (minMs: number): number => {
    const from = threadMs();
    let calls = 0;
    let until = from;
    for (; until - from < minMs; until = threadMs()) {
      for (let burst = 0; burst < 16; burst += 1) run();
      calls += 16;
    }
    return ((until - from) * 1000) / calls;
  };
  sample(300);
  return median(Array.from({ length: SAMPLES }, () => sample(SAMPLE_MS)));
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function table(title: string, unit: string, rows: readonly (readonly [string, number])[]): void {
  const digits = Math.max(...rows.map(([, value]) => value)) < 100 ? 1 : 0;
  const body = rows.map(([name, value]) => `| ${name} | ${value.toFixed(digits)} |`).join('\n');
  process.stdout.write(`| ${title} | ${unit} |\n|---:|---:|\n${body}\n\n`);
}

const named = (count: number): string => count.toLocaleString('en-US');
const timeDecide = (policy: CompiledPolicy, addresses: number): number => {
  const request = requestOf(addresses);
  return microseconds(() => decide(policy, PRINCIPAL, request, NOW_MS));
};

process.stdout.write(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}\n\n`);
table(
  'rules of the caller',
  'µs for one address',
  [1, 10, 100, 1000].map((rules) => [named(rules), timeDecide(load(textOf(rules, 1)), 1)] as const),
);
table(
  'denied domains',
  'µs for one address',
  [1, 100, 10_000, 100_000].map((domains) => [named(domains), timeDecide(load(textOf(10, domains)), 1)] as const),
);
const large = load(textOf(1000, 100_000));
table(
  'addresses (1,000 rules, 100,000 denied domains)',
  'µs for all',
  [1, 10, 50, 100, 250, 500].map((addresses) => [named(addresses), timeDecide(large, addresses)] as const),
);
table(
  'denied domains in the file',
  'ms to load it',
  [1, 1000, 10_000, 100_000].map((domains) => {
    const text = textOf(10, domains);
    const times = Array.from({ length: LOADS }, () => {
      const from = threadMs();
      load(text);
      return threadMs() - from;
    });
    return [named(domains), median(times)] as const;
  }),
);
