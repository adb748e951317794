/** Capabilities are compiled once per policy and caller. Compilations are counted, so the test holds on any machine. */
import { describe, expect, it } from 'vitest';
import type { Principal } from '../../../../src/auth/principal.ts';
import { describeCapabilities } from '../../../../src/policy/capabilities/capabilities.ts';
import { createCapabilityTexts } from '../../../../src/policy/capabilities/capability-texts.ts';
import type { CompiledPolicy } from '../../../../src/policy/compile.ts';
import { policyFrom, testPrincipal } from '../../../support/policy.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 5, 15);
const POLICY = `version: 1
callers:
  portal: { issuer: corp, client_id: [hr-portal] }
  admins: { issuer: corp, groups: [it] }
  apps: { issuer: corp, kind: app }
rules:
  - { id: no-admins, deny: any, roles: [admin], until: 2026-06-20 }
  - { id: no-apps, deny: [apps] }
  - { id: staff, allow: [portal], domains: [acme.com], roles: any, auth_methods: any }
  - { id: summer, allow: [portal], domains: [summer.example], roles: any, auth_methods: any, until: 2026-07-01 }
  - { id: partners, allow: [admins], domains: [partner.io], roles: any, auth_methods: any }
`;

/** A policy that counts its compilations: each one reads the quotas once. */
function counting(text = POLICY) {
  const compiled = policyFrom(text);
  const made = { count: 0 };
  const policy: CompiledPolicy = {
    ...compiled,
    get quotas() {
      made.count += 1;
      return compiled.quotas;
    },
  };
  return { policy, compiled, made };
}

function setup(maxKeptLength?: number) {
  const { policy, compiled, made } = counting();
  const texts = createCapabilityTexts(maxKeptLength);
  /** The text, which must be what a new compilation gives. */
  const ask = (as: Partial<Principal> = {}, nowMs = NOW_MS): string => {
    const text = texts.textFor(policy, testPrincipal(as), nowMs);
    expect(JSON.parse(text)).toEqual(describeCapabilities(compiled, testPrincipal(as), nowMs));
    return text;
  };
  return { ask, made, texts, policy };
}

describe('the capabilities of a caller', () => {
  it('are compiled once for all people and requests of the same callers', () => {
    const { ask, made } = setup();
    for (const subject of ['ann', 'bob', 'cleo']) ask({ subject, tokenId: `token of ${subject}` });
    expect(made.count).toBe(1);
  });

  it('are compiled for each set of callers, once', () => {
    const { ask, made } = setup();
    for (let times = 0; times < 3; times += 1) {
      ask();
      ask({ groups: ['it', `other ${times}`] });
      ask({ clientId: 'unknown', groups: ['it'] });
      ask({ clientId: 'unknown' });
      // A kind that cannot be read may be the one that a deny rule names.
      ask({ hasUnreadableKind: true });
    }
    expect(made.count).toBe(5);
  });

  it('are compiled again when the policy is another one', () => {
    const { ask, made, texts } = setup();
    ask();
    const other = counting(POLICY.replace('acme.com', 'other.example'));
    expect(texts.textFor(other.policy, testPrincipal(), NOW_MS)).toContain('other.example');
    expect(other.made.count).toBe(1);
    ask();
    expect(made.count).toBe(1);
  });

  it('are compiled again on the day a rule ends, and when the clock is set back before it', () => {
    const { ask, made } = setup();
    const atMs = (day: string): number => Date.parse(`${day}T00:00:00Z`);
    for (const [day, compilations] of [
      ['2026-06-15', 1],
      ['2026-06-19', 1],
      ['2026-06-20', 2],
      ['2026-06-30', 2],
      ['2026-07-01', 3],
      ['2026-12-01', 3],
      ['2026-06-30', 4],
      ['2026-06-15', 5],
    ] as const) {
      ask({}, atMs(day));
      ask({}, atMs(day) + DAY_MS - 1);
      expect({ day, count: made.count }).toEqual({ day, count: compilations });
    }
  });

  it('are kept up to a bound, and the text that was kept first makes room', () => {
    const portal = setup().ask();
    const admins = setup().ask({ groups: ['it'] });
    const { ask, made } = setup(portal.length + admins.length - 1);
    ask();
    ask({ groups: ['it'] });
    ask({ groups: ['it'] });
    expect(made.count).toBe(2);
    ask();
    expect(made.count).toBe(3);
  });

  it('are given without being kept when one text alone is larger than the bound', () => {
    const { ask, made } = setup(10);
    ask();
    ask();
    expect(made.count).toBe(2);
  });
});

describe('compiling capabilities', () => {
  it('looks up the deny rules of a domain once, however many rules allow it', () => {
    const rule = (n: number): string =>
      `  - { id: r${n}, allow: [portal], domains: [$all], roles: any, auth_methods: any }\n`;
    const policyOf = (rules: number): CompiledPolicy =>
      policyFrom(`version: 1
domains: { all: [${Array.from({ length: 50 }, (_, n) => `d${n}.example`).join(', ')}] }
callers: { portal: { issuer: corp, client_id: [hr-portal] } }
rules:
  - { id: no, deny: any, domains: [d1.example], roles: [admin] }
${Array.from({ length: rules }, (_, n) => rule(n)).join('')}`);
    const lookUps = (rules: number): number => {
      const policy = policyOf(rules);
      let count = 0;
      const bySelector: CompiledPolicy['denyAny']['bySelector'] = new Proxy(policy.denyAny.bySelector, {
        get(map, method) {
          if (method !== 'get') throw new Error(`compiling walks the deny rules: ${String(method)}`);
          return (key: string) => {
            count += 1;
            return map.get(key);
          };
        },
      });
      const watched = { ...policy, denyAny: { ...policy.denyAny, bySelector } };
      expect(describeCapabilities(watched, testPrincipal(), NOW_MS).rules).toHaveLength(rules);
      return count;
    };
    const one = lookUps(1);
    expect(one).toBeGreaterThan(50);
    expect(lookUps(200)).toBe(one);
  });
});
