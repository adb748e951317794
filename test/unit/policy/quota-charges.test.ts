import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chargesFor } from '../../../src/policy/quota-charges.ts';
import { decide } from '../../../src/policy/evaluate.ts';
import { policyFrom, testPrincipal, testRequest } from '../../support/policy.ts';

const policyOf = (...quotas: string[]) => policyFrom(`version: 1\nrules: []\nquotas: [${quotas.join(', ')}]\n`);
const PER = (per: string, unit = 'emails') => policyOf(`{ id: q, per: ${per}, window: 1d, ${unit}: 10 }`);
const PRINCIPAL = testPrincipal();
const TWO = ['Ann@acme.com', 'bob@acme.com'];

const countersOf = (per: string, principal = PRINCIPAL, emails = TWO) =>
  chargesFor(PER(per), principal, emails).map(({ counter }) => counter);

describe('charges', () => {
  it('ask for one unit per address', () => {
    expect(chargesFor(PER('client_id'), PRINCIPAL, TWO)).toEqual([
      {
        quota: 'q',
        unit: 'emails',
        counter: '["client_id","https://login.example.com","hr-portal"]',
        windowMs: 86_400_000,
        limit: 10,
        amount: 2,
        visible: true,
      },
    ]);
  });

  it('ask for one unit per request where requests are counted', () => {
    expect(chargesFor(PER('subject', 'requests'), PRINCIPAL, TWO)).toMatchObject([{ unit: 'requests', amount: 1 }]);
  });

  it('name every invitee in a counter of their own, which no caller sees', () => {
    expect(chargesFor(PER('invitee'), PRINCIPAL, TWO)).toMatchObject([
      { counter: '["invitee","ann@acme.com"]', amount: 1, visible: false },
      { counter: '["invitee","bob@acme.com"]', amount: 1, visible: false },
    ]);
  });

  it('count an invitee who is named twice twice, in one charge', () => {
    expect(chargesFor(PER('invitee'), PRINCIPAL, ['ann@acme.com', 'ANN@acme.com'])).toMatchObject([{ amount: 2 }]);
  });

  it('count the attempts on an invitee as one each where requests are counted', () => {
    expect(chargesFor(PER('invitee', 'requests'), PRINCIPAL, TWO).map(({ amount }) => amount)).toEqual([1, 1]);
  });

  it.each(['org', 'invitee'])(
    'in requests per %s are for admitted requests only, because all callers share them',
    (per) => {
      const charges = chargesFor(PER(per, 'requests'), PRINCIPAL, TWO);
      expect(charges.map(({ admittedOnly }) => admittedOnly)).toEqual(charges.map(() => true));
    },
  );

  it.each([
    ['subject', 'requests'],
    ['client_id', 'requests'],
    ['issuer', 'requests'],
    ['org', 'emails'],
    ['invitee', 'emails'],
  ])('per %s in %s are not marked so', (per, unit) => {
    const charges = chargesFor(PER(per, unit), PRINCIPAL, TWO);
    expect(charges.some((charge) => 'admittedOnly' in charge)).toBe(false);
  });

  it('are none for a limit per request', () => {
    expect(chargesFor(policyOf('{ id: q, per: request, emails: 10 }'), PRINCIPAL, TWO)).toEqual([]);
  });

  it('keep the order of the file and one length of window each', () => {
    const policy = policyOf(
      '{ id: a, per: org, window: 1m, emails: 1 }',
      '{ id: b, per: org, window: 36h, emails: 1 }',
      '{ id: c, per: org, window: 31d, requests: 1 }',
    );
    expect(chargesFor(policy, PRINCIPAL, TWO).map(({ quota, windowMs }) => [quota, windowMs])).toEqual([
      ['a', 60_000],
      ['b', 129_600_000],
      ['c', 2_678_400_000],
    ]);
  });

  it('for nobody cost nothing and name no invitee, so that one can look what is left', () => {
    const policy = policyOf(
      '{ id: a, per: org, window: 1d, emails: 5 }',
      '{ id: b, per: org, window: 1d, requests: 5 }',
      '{ id: c, per: invitee, window: 1d, emails: 5 }',
    );
    expect(chargesFor(policy, PRINCIPAL, []).map(({ quota, amount }) => [quota, amount])).toEqual([
      ['a', 0],
      ['b', 0],
    ]);
  });

  it('come with a denial as well', () => {
    const decision = decide(PER('subject', 'requests'), PRINCIPAL, testRequest('ann@acme.com'), 0);
    expect(decision).toMatchObject({ verdict: 'deny', charges: [{ quota: 'q', unit: 'requests', amount: 1 }] });
  });
});

describe('plus-addressing', () => {
  const perInvitee = (option: string) => policyOf(`{ id: person, per: invitee, window: 1d, emails: 2${option} }`);
  const TAGGED = ['Ann@acme.com', 'ann+1@acme.com', 'ANN+2+x@Acme.com'];
  const countersUnder = (option: string, emails: readonly string[]) =>
    chargesFor(perInvitee(option), PRINCIPAL, emails).map(({ counter, amount }) => [counter, amount]);

  it('makes another invitee of each tag unless the quota folds it', () => {
    const apart = [
      ['["invitee","ann@acme.com"]', 1],
      ['["invitee","ann+1@acme.com"]', 1],
      ['["invitee","ann+2+x@acme.com"]', 1],
    ];
    expect(countersUnder('', TAGGED)).toEqual(apart);
    expect(countersUnder(', plus_addressing: keep', TAGGED)).toEqual(apart);
  });

  it('is one invitee, counted as often as named, where the quota folds it', () => {
    expect(countersUnder(', plus_addressing: fold', TAGGED)).toEqual([['["invitee","ann@acme.com"]', 3]]);
  });

  it('folds to a counter that an untagged address has under either setting, so that a switch keeps counts', () => {
    expect(countersUnder(', plus_addressing: fold', ['ann+1@acme.com'])).toEqual(countersUnder('', ['ann@acme.com']));
  });

  it.each([
    ['an empty tag', 'ann+@acme.com', 'ann@acme.com'],
    ['a name that begins with the sign', '+ann@acme.com', '+ann@acme.com'],
    ['another mailbox', 'anna+1@acme.com', 'anna@acme.com'],
    ['another domain', 'ann+1@eu.acme.com', 'ann@eu.acme.com'],
    ['no tag', 'ann-1@acme.com', 'ann-1@acme.com'],
  ])('folds %s as a mailbox of its own', (_what, email, counted) => {
    expect(countersUnder(', plus_addressing: fold', [email])).toEqual([[`["invitee","${counted}"]`, 1]]);
  });

  it('refuses a request that alone names one invitee too often under tags', () => {
    const rules = 'rules: [{ id: all, allow: [portal], domains: [acme.com], roles: any, auth_methods: any }]';
    const decideUnder = (option: string) =>
      decide(
        policyFrom(
          `version: 1\ncallers: { portal: { issuer: corp } }\n${rules}\nquotas: [{ id: person, per: invitee, window: 1d, emails: 2${option} }]\n`,
        ),
        PRINCIPAL,
        testRequest(TAGGED),
        0,
      );
    expect(decideUnder('')).toMatchObject({ verdict: 'allow' });
    expect(decideUnder(', plus_addressing: fold')).toMatchObject({
      verdict: 'deny',
      refusedBy: 'quota',
      addresses: [{ rule: 'person', because: ['emails'] }, {}, {}],
      // The address that is sent or refused is the one that was given.
      effective: { emails: TAGGED },
    });
  });

  it('changes nothing about which rule an address meets', () => {
    const policy = policyFrom(`version: 1
callers: { portal: { issuer: corp } }
rules: [{ id: one, allow: [portal], emails: [ann@acme.com], roles: any, auth_methods: any }]
quotas: [{ id: person, per: invitee, window: 1d, emails: 2, plus_addressing: fold }]
`);
    expect(decide(policy, PRINCIPAL, testRequest('ann+1@acme.com'), 0)).toMatchObject({
      addresses: [{ decision: 'deny', because: ['no-rule'] }],
    });
  });
});

describe('counters', () => {
  it.each(['subject', 'client_id', 'issuer'])(
    'per %s are apart for two issuers, by their URL and not their short name',
    (per) => {
      const elsewhere = testPrincipal({ issuerUrl: 'https://other.example.com' });
      const renamed = testPrincipal({ issuer: 'renamed' });
      expect(countersOf(per, elsewhere)).not.toEqual(countersOf(per));
      expect(countersOf(per, renamed)).toEqual(countersOf(per));
    },
  );

  it.each(['org', 'invitee'])('per %s are one for the whole deployment', (per) => {
    const elsewhere = testPrincipal({ issuerUrl: 'https://other.example.com', clientId: 'x', subject: 'y' });
    expect(countersOf(per, elsewhere)).toEqual(countersOf(per));
  });

  it('of invitees ignore case', () => {
    expect(countersOf('invitee', PRINCIPAL, ['ANN@Acme.com'])).toEqual(
      countersOf('invitee', PRINCIPAL, ['ann@acme.com']),
    );
  });

  it('are never the same for two different owners, whatever their names hold', () => {
    const text = fc.string({ unit: fc.constantFrom('a', '"', ',', '\\', '[', ']') });
    const owner = fc.record({ issuerUrl: text, subject: text, clientId: text });
    fc.assert(
      fc.property(owner, owner, (one, two) => {
        const same = one.issuerUrl === two.issuerUrl && one.subject === two.subject;
        expect(countersOf('subject', testPrincipal(one))[0] === countersOf('subject', testPrincipal(two))[0]).toBe(
          same,
        );
      }),
    );
  });
});
