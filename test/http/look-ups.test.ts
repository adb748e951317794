/**
 * GALILEO_LOOKUPS=on: names of groups from Galileo in GET /v2/invite_policy, and what becomes of that and of invites when
 * the look-up is slow, wrong, huge or down.
 */
import { describe, expect, it } from 'vitest';
import { groupIdOf } from '../../dev/galileo-groups.ts';
import type { GalileoStep } from '../../dev/galileo-steps.ts';
import type { AuthScheme } from '../../src/upstream/credentials.ts';
import { MINUTE_MS } from '../support/ledger/ledger.ts';
import { startTestService, UPSTREAM_SECRET } from '../support/service.ts';
import type { TestService, TestServiceOptions } from '../support/service.ts';
import { ACCOUNT } from '../support/sign-in.ts';

const [NAMED, UNNAMED, FORCED, OTHERS] = ['annotators', 'reviewers', 'everyone', 'board'].map(groupIdOf) as [
  string,
  string,
  string,
  string,
];

const POLICY = `
version: 1
groups:
  labelling: ${NAMED}
callers:
  hr-portal: { issuer: corp, client_id: [hr-portal] }
  board: { issuer: corp, client_id: [board] }
force:
  - { id: all-in, domains: [eu.acme.com], groups: [${FORCED.toUpperCase()}] }
rules:
  - { id: hr-staff, allow: [hr-portal], domains: [acme.com, eu.acme.com], roles: any, auth_methods: any, groups: [$labelling, ${UNNAMED}] }
  - { id: board-staff, allow: [board], domains: [acme.com], roles: any, auth_methods: any, groups: [${OTHERS}] }
`;
const NO_GROUPS = POLICY.replace(/groups:\n.*\n/, '')
  .replace(/groups: \[[^$]*?\]/, 'role: user')
  .replaceAll(/, groups: \[.*?\]/g, '');
const ANN = { emails: ['ann@acme.com'], group_ids: [UNNAMED] };

/** By default an invite has been sent: with HTTP Basic, only an invite proves the password. */
async function start(options: TestServiceOptions = {}, isProven = true): Promise<TestService> {
  const service = await startTestService({ policy: POLICY, ...options, settings: { GALILEO_LOOKUPS: true } });
  for (const name of ['annotators', 'reviewers', 'everyone', 'board', 'nobody-names-this'])
    service.galileo.groups.create(groupIdOf(name), `The ${name}`);
  if (isProven) await service.invite({ emails: ['first@acme.com'] });
  return service;
}

async function policyText(service: TestService, claims: Record<string, unknown> = {}): Promise<string> {
  const headers = { Authorization: `Bearer ${await service.token(claims)}` };
  return await (await service.request('/v2/invite_policy', { headers })).text();
}

interface Seen {
  readonly rules: readonly { readonly groups: unknown }[];
  readonly forced: readonly { readonly groups?: unknown }[];
  readonly group_names?: string;
}

const policyOf = async (service: TestService): Promise<Seen> => JSON.parse(await policyText(service)) as Seen;

const withName = (name: string | null) => [
  { id: NAMED, name: 'labelling' },
  { id: UNNAMED, name },
];

const warnings = (service: TestService, event: string): Record<string, unknown>[] =>
  service.logLines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line['event'] === event);

describe('with look-ups, GET /v2/invite_policy', () => {
  it('has the names of Galileo where the policy gives none, and the names of the policy elsewhere', async () => {
    const service = await start();
    await service.groups?.refresh();
    const { rules, forced, group_names: state } = await policyOf(service);
    expect([rules[0]?.groups, forced[0]?.groups, state]).toEqual([
      withName('The reviewers'),
      [{ id: FORCED, name: 'The everyone' }],
      'looked_up',
    ]);
  });

  it('shows no caller a group that no rule of theirs names', async () => {
    const service = await start();
    await service.groups?.refresh();
    const own = await policyText(service);
    const stranger = await policyText(service, { sub: 'stranger', client_id: 'stranger' });
    for (const hidden of [OTHERS, 'The board', 'nobody-names-this', groupIdOf('nobody-names-this')])
      for (const text of [own, stranger]) expect(text).not.toContain(hidden);
    for (const hidden of [UNNAMED, 'The reviewers', 'The everyone']) expect(stranger).not.toContain(hidden);
    expect(await policyText(service, { sub: 'board', client_id: 'board' })).toContain('The board');
  });

  it('says `any` of a rule that allows every group, and lists none of them', async () => {
    const policy = POLICY.replace(`groups: [$labelling, ${UNNAMED}]`, 'groups: any');
    const service = await start({ policy });
    await service.groups?.refresh();
    const text = await policyText(service);
    expect(text).toContain('"groups":"any"');
    for (const name of ['annotators', 'reviewers', 'board', 'nobody']) expect(text).not.toContain(`The ${name}`);
  });

  it('has the new name of a group that was renamed', async () => {
    const service = await start();
    await service.groups?.refresh();
    service.galileo.groups.create(UNNAMED, 'Reviewers, EU');
    expect((await policyOf(service)).rules[0]?.groups).toEqual(withName('The reviewers'));
    service.clock.advance(10 * MINUTE_MS);
    await service.groups?.refresh();
    expect((await policyOf(service)).rules[0]?.groups).toEqual(withName('Reviewers, EU'));
  });

  it('asks Galileo for nothing itself, however many callers ask', async () => {
    const service = await start();
    await service.groups?.refresh();
    for (let n = 0; n < 30; n += 1) await policyText(service);
    await service.groups?.refresh();
    expect(service.galileo.lookUps.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['GET', '/v2/groups?starting_token=0&limit=100', ''],
    ]);
  });

  it('asks for nothing at all when the policy names no group', async () => {
    const service = await start({ policy: NO_GROUPS });
    await service.groups?.refresh();
    expect(service.galileo.lookUps).toEqual([]);
    expect((await policyOf(service)).group_names).toBe('looked_up');
  });
});

describe('without look-ups', () => {
  it('the answer is byte for byte that of a policy without names, and Galileo is not asked', async () => {
    const service = await startTestService({ policy: POLICY });
    service.galileo.groups.create(UNNAMED, 'The reviewers');
    expect(service.groups).toBeNull();
    const text = await policyText(service);
    expect(text).toBe(
      JSON.stringify({
        digest: service.deps.policy.current().digest,
        rules: [
          {
            id: 'hr-staff',
            ...{ domains: ['acme.com', 'eu.acme.com'], emails: [] },
            roles: ['admin', 'manager', 'user', 'read_only'],
            auth_methods: (JSON.parse(text) as { rules: { auth_methods: string[] }[] }).rules[0]?.auth_methods,
            groups: withName(null),
            ...{ until: null, note: null },
          },
        ],
        forced: [{ id: 'all-in', domains: ['eu.acme.com'], emails: [], groups: [{ id: FORCED, name: null }] }],
        ...{ limits: [], quotas: [] },
      }),
    );
    expect(service.galileo.lookUps).toEqual([]);
    expect(service.counted.join('\n')).not.toContain('group_look_ups');
  });
});

const never = new Promise<never>(() => undefined);
const HUGE = JSON.stringify({ groups: [{ id: UNNAMED, name: 'x'.repeat(600 * 1024) }] });
const FAULTS: readonly (readonly [name: string, step: GalileoStep, reason: string])[] = [
  ['down', { kind: 'answer', status: 503, body: 'Service Unavailable' }, 'other_status'],
  ['an HTML page', { kind: 'answer', status: 200, body: '<h1>Sign in</h1>' }, 'not_json'],
  ['of another shape', { kind: 'answer', status: 200, body: { items: [] } }, 'other_shape'],
  ['redirected', { kind: 'answer', status: 307, headers: { location: '/v2/groups/' }, body: '' }, 'other_status'],
  ['forbidden', { kind: 'answer', status: 403, body: { detail: 'Not permitted' } }, 'credentials_rejected'],
  ['limited', { kind: 'answer', status: 429, body: { detail: 'Too many requests' } }, 'other_status'],
  ['not there', { kind: 'answer', status: 404, body: { detail: 'Not Found' } }, 'other_status'],
  ['one that repeats the secret', { kind: 'echo', status: 200, shape: 'success' }, 'holds_key'],
  ['huge', { kind: 'answer', status: 200, body: HUGE }, 'response_too_large'],
  ['cut', { kind: 'hangup', when: 'mid_answer' }, 'connection_lost'],
  [
    'one page without an end',
    { kind: 'answer', status: 200, body: { groups: [], next_starting_token: 0 } },
    'other_shape',
  ],
];

describe('an answer to the look-up that is', () => {
  it.each(FAULTS)(
    '%s leaves invites as they are, and the caller learns that names are missing',
    async (_, step, reason) => {
      const service = await start({ galileo: 'served' });
      const before = await (await service.invite(ANN)).text();
      service.galileo.scriptGroups(step);
      await service.groups?.refresh();
      const after = await service.invite(ANN);
      expect([after.status, await after.text()]).toEqual([200, before]);
      const { rules, group_names: state } = await policyOf(service);
      expect([rules[0]?.groups, state]).toEqual([withName(null), 'unavailable']);
      expect(warnings(service, 'group_look_up_failed')).toMatchObject([{ reason, retry_in_ms: MINUTE_MS }]);
      expect(service.logLines.join('\n')).not.toContain(UPSTREAM_SECRET);
      service.galileo.scriptGroups(null);
      service.clock.advance(MINUTE_MS);
      await service.groups?.refresh();
      expect((await policyOf(service)).group_names).toBe('looked_up');
    },
  );

  it('slow holds up neither an invite nor the answer about the policy', async () => {
    const service = await start();
    service.galileo.scriptGroups({ kind: 'answer', status: 200, after: never });
    void service.groups?.refresh();
    expect((await service.invite(ANN)).status).toBe(200);
    expect((await policyOf(service)).group_names).toBe('unavailable');
    // It is not asked a second time meanwhile.
    await service.groups?.refresh();
    expect(service.galileo.lookUps.length).toBeLessThanOrEqual(1);
  });

  it('missing after names were known leaves them for a day, and says that they are old', async () => {
    const service = await start();
    await service.groups?.refresh();
    service.galileo.scriptGroups({ kind: 'answer', status: 500 });
    const seen: unknown[] = [];
    for (const minutes of [10, 1, 24 * 60 - 12, 1]) {
      service.clock.advance(minutes * MINUTE_MS);
      await service.groups?.refresh();
      const { rules, group_names: state } = await policyOf(service);
      seen.push([state, JSON.stringify(rules[0]?.groups) === JSON.stringify(withName('The reviewers'))]);
    }
    expect(seen).toEqual([
      ['outdated', true],
      ['outdated', true],
      ['outdated', true],
      ['unavailable', false],
    ]);
  });
});

describe('a group of the policy that Galileo does not list', () => {
  it('is a warning once for each change, with the id and the name in the policy, and a number', async () => {
    const service = await start();
    const lookAgain = async (): Promise<void> => {
      service.clock.advance(10 * MINUTE_MS);
      await service.groups?.refresh();
    };
    expect(service.groups?.missing()).toBeNull();
    await service.groups?.refresh();
    expect(service.groups?.missing()).toBe(0);
    service.galileo.groups.remove(NAMED);
    for (let n = 0; n < 3; n += 1) await lookAgain();
    for (let n = 0; n < 5; n += 1) await policyText(service);
    expect(warnings(service, 'policy_groups_missing')).toEqual([
      { level: 'warn', event: 'policy_groups_missing', groups: 1, group_ids: NAMED, names: 'labelling', missing: 1 },
    ]);
    expect(service.groups?.missing()).toBe(1);
    service.galileo.groups.remove(OTHERS);
    await lookAgain();
    service.galileo.groups.create(NAMED, 'Annotators');
    await lookAgain();
    expect(warnings(service, 'policy_groups_missing').slice(1)).toMatchObject([{ group_ids: OTHERS, missing: 2 }]);
    expect(warnings(service, 'policy_groups_found')).toMatchObject([{ level: 'info', group_ids: NAMED, missing: 1 }]);
    expect(service.counted.filter((one) => one.startsWith('group_look_ups'))).toEqual(
      Array.from({ length: 6 }, () => 'group_look_ups{result=answered}'),
    );
  });
});

describe.each<AuthScheme>(['basic', 'password'])('with GALILEO_AUTH=%s a look-up', (scheme) => {
  it('uses the same sign-in as invites', async () => {
    const service = await start({ scheme });
    await service.groups?.refresh();
    expect(service.galileo.lookUps).toMatchObject([{ scheme }]);
    expect(service.galileo.logins).toHaveLength(scheme === 'password' ? 1 : 0);
    expect((await policyOf(service)).group_names).toBe('looked_up');
  });

  it('costs no attempt beside the one an hour that a refused password has', async () => {
    const service = await start({ scheme }, false);
    service.galileo.account?.setPassword('the-right-one-77aa41c05d9e');
    const tried = () => [service.galileo.received, service.galileo.logins, service.galileo.lookUps].flat().length;
    await service.invite(ANN);
    expect(tried()).toBe(1);
    for (let minute = 0; minute < 59; minute += 1) {
      await service.groups?.refresh();
      service.clock.advance(MINUTE_MS);
    }
    expect(tried()).toBe(1);
    expect(service.galileo.account?.isLocked()).toBe(false);
  });
});

describe('with GALILEO_AUTH=basic a look-up', () => {
  it('is never the first to send a password, which invites would have to wait for', async () => {
    const service = await start({ scheme: 'basic' }, false);
    service.galileo.scriptGroups({ kind: 'answer', status: 200, after: never });
    await service.groups?.refresh();
    expect(service.galileo.lookUps).toEqual([]);
    expect((await service.invite(ANN)).status).toBe(200);
  });

  it('that is refused with 401 counts as a refused sign-in, as Galileo counts it', async () => {
    const service = await start({ scheme: 'basic' });
    service.galileo.account?.setPassword('the-right-one-77aa41c05d9e');
    await service.groups?.refresh();
    const response = await service.invite(ANN);
    expect([response.status, service.galileo.received.length, service.galileo.lookUps.length]).toEqual([502, 1, 1]);
    service.galileo.account?.setPassword(ACCOUNT.password);
    service.clock.advance(60 * MINUTE_MS);
    expect((await service.invite(ANN)).status).toBe(200);
  });
});
