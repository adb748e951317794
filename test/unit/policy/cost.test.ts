/**
 * The cost of a decision, counted in look-ups and not in milliseconds, so that the test holds on any machine.
 * docs/performance.md has the times.
 */
import { describe, expect, it } from 'vitest';
import type { CompiledPolicy } from '../../../src/policy/compile.ts';
import { decide } from '../../../src/policy/evaluate.ts';
import type { TargetTable, Targeted } from '../../../src/policy/matching/target-table.ts';
import { policyFrom, testPrincipal, testRequest } from '../../support/policy.ts';

const NOW_MS = Date.UTC(2026, 5, 15);

/** A policy with this number of rules for the caller, each for another partner, and of denied domains. */
function policyOf(rules: number, deniedDomains: number): string {
  const denied = Array.from({ length: deniedDomains }, (_, index) => `d${index}.example`).join(', ');
  const partners = Array.from(
    { length: rules - 1 },
    (_, index) =>
      `  - { id: partner-${index}, allow: [portal], domains: [p${index}.example, "*.p${index}.example"], roles: any, auth_methods: any }\n` +
      `  - { id: no-${index}, deny: [portal], emails: [chief@p${index}.example] }\n`,
  );
  return `version: 1
domains: { never: [${denied}] }
callers: { portal: { issuer: corp, client_id: [hr-portal] } }
force: [${Array.from({ length: rules }, (_, index) => `{ id: f${index}, emails: [f${index}@acme.com], role: user }`).join(', ')}]
rules:
  - { id: never-invite, deny: any, domains: [$never] }
  - { id: staff, allow: [portal], domains: [acme.com], roles: any, auth_methods: any }
${partners.join('')}`;
}

/** Counts the look-ups of `decide`. Reading a list that it must not scan throws. */
function lookUps(policy: CompiledPolicy, emails: string[]): number {
  let count = 0;
  const counting = <Key, Value>(map: ReadonlyMap<Key, Value>): ReadonlyMap<Key, Value> =>
    new Proxy(map, {
      get(_map, method) {
        if (method !== 'get' && method !== 'has') throw new Error(`decide walks a map: ${String(method)}`);
        return (key: Key) => {
          count += 1;
          return map[method](key);
        };
      },
    });
  const table = <Row extends Targeted>({ bySelector, open }: TargetTable<Row>): TargetTable<Row> => ({
    get rows(): never {
      throw new Error('decide walks all rows');
    },
    bySelector: counting(bySelector),
    open,
  });
  const watched: CompiledPolicy = {
    ...policy,
    callers: { byKey: counting(policy.callers.byKey) },
    denyAny: table(policy.denyAny),
    byCaller: counting(
      new Map(
        [...policy.byCaller].map(([name, { allow, deny }]) => [name, { allow: table(allow), deny: table(deny) }]),
      ),
    ),
    force: table(policy.force),
    setsOf: counting(policy.setsOf),
    sets: counting(policy.sets),
  };
  const { verdict } = decide(watched, testPrincipal(), testRequest(emails), NOW_MS);
  expect(verdict).toBe('allow');
  return count;
}

const staff = (length: number): string[] => Array.from({ length }, (_, index) => `p${index}@acme.com`);

describe('a decision', () => {
  it('makes as many look-ups under 1,000 rules of a caller as under one', () => {
    const one = lookUps(policyFrom(policyOf(1, 1)), staff(1));
    expect(one).toBeGreaterThan(5);
    expect(lookUps(policyFrom(policyOf(1000, 1)), staff(1))).toBe(one);
  });

  it('makes as many look-ups under 100,000 denied domains as under one', () => {
    const one = lookUps(policyFrom(policyOf(1, 1)), staff(1));
    expect(lookUps(policyFrom(policyOf(1, 100_000)), staff(1))).toBe(one);
  });

  it('makes look-ups in proportion to the addresses', () => {
    const policy = policyFrom(policyOf(10, 10));
    const [none, one, many] = [lookUps(policy, staff(1)), lookUps(policy, staff(2)), lookUps(policy, staff(500))];
    expect(many - none).toBe((one - none) * 499);
  });

  it('judges the domain of a request once, however many of its addresses are there', () => {
    const deep = policyFrom(policyOf(1, 1).replace('domains: [acme.com]', 'domains: ["*.acme.com"]'));
    const at = (labels: number, addresses: number): number =>
      lookUps(
        deep,
        staff(addresses).map((email) => email.replace('@', `@${'a.'.repeat(labels)}`)),
      );
    expect(at(40, 2) - at(40, 1)).toBe(at(3, 2) - at(3, 1));
  });

  it('looks no further for a deep sub-domain than for its labels', () => {
    const deep = policyFrom(policyOf(1, 1).replace('domains: [acme.com]', 'domains: ["*.acme.com"]'));
    const at = (labels: number): number => lookUps(deep, [`ann@${'a.'.repeat(labels)}acme.com`]);
    expect(at(40) - at(20)).toBe((at(3) - at(2)) * 20);
  });
});
