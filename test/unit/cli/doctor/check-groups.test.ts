/** Doctor's check that Galileo has the groups that the policies name. */
import { describe, expect, it } from 'vitest';
import { groupIdOf } from '../../../../dev/galileo-groups.ts';
import { answer, POLICY, runCommand } from '../cli-harness.ts';
import type { HarnessOptions } from '../cli-harness.ts';
import { createCliGalileo, SIGN_IN_ENVS } from '../galileo-harness.ts';

const KNOWN = groupIdOf('annotators');
const MISTYPED = KNOWN.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
const withGroups = (...ids: readonly string[]): string =>
  POLICY.replace('auth_methods: [okta]', `auth_methods: [okta], groups: [${ids.join(', ')}]`);

async function doctor(policy: string, options: HarnessOptions = {}, scheme: keyof typeof SIGN_IN_ENVS = 'api_key') {
  const galileo = createCliGalileo();
  galileo.groups.create(KNOWN, 'Annotators');
  const ran = await runCommand(['doctor', '--json'], {
    env: SIGN_IN_ENVS[scheme],
    policy,
    answer: galileo.answer,
    ...options,
    deps: {
      readText: (path) => (path === 'policy.yaml' ? Promise.resolve(policy) : Promise.reject(new Error('ENOENT'))),
      ...options.deps,
    },
  });
  const { checks } = JSON.parse(ran.stdout) as { checks: { id: string; status: string; message: string }[] };
  return { ...ran, galileo, found: checks.find(({ id }) => id === 'galileo-groups') };
}

describe('doctor', () => {
  it('says that Galileo has all groups of the policy', async () => {
    const { code, found, galileo } = await doctor(withGroups(KNOWN));
    expect([code, found?.status, found?.message]).toEqual([0, 'ok', 'has the one group that the policy names']);
    expect(galileo.withSecret).toEqual(['GET /v2/current_user', 'GET /v2/groups']);
  });

  it('warns of an id that Galileo does not list, with its place and the nearest group', async () => {
    const { code, found } = await doctor(withGroups(KNOWN, MISTYPED));
    expect([code, found?.status]).toEqual([0, 'warning']);
    expect(found).toMatchObject({
      message: 'does not list 1 group that the policy names',
      details: {
        groups: 2,
        missing: [MISTYPED],
        places: [`policy.yaml:5:146 Galileo lists no group with this id; did you mean ${KNOWN}, "Annotators"?`],
      },
    });
  });

  it('does not ask when the policy names no group', async () => {
    const { found, galileo } = await doctor(POLICY);
    expect([found, galileo.withSecret]).toEqual([undefined, ['GET /v2/current_user']]);
  });

  it('warns, and no more, when Galileo gives no list', async () => {
    const answers = createCliGalileo();
    answers.scriptGroups(answer(403, { detail: 'Not permitted' }));
    const { code, found } = await doctor(withGroups(KNOWN), { answer: answers.answer });
    expect([code, found]).toMatchObject([
      0,
      { status: 'warning', details: { reason: 'credentials_rejected', status: 403 } },
    ]);
  });

  it.each(['api_key', 'basic', 'password'] as const)(
    'tries a secret that Galileo refuses no second time for it: %s',
    async (scheme) => {
      const galileo = createCliGalileo();
      galileo.account.setPassword('the-right-one-77aa41c05d9e');
      const env = {
        ...SIGN_IN_ENVS[scheme],
        ...(scheme === 'api_key' ? { GALILEO_API_KEY: 'x1y2z3'.repeat(5) } : {}),
      };
      const { found } = await doctor(withGroups(KNOWN), { env, answer: galileo.answer });
      expect([found?.status, galileo.withSecret.length]).toEqual(['skipped', 1]);
    },
  );

  it('signs in once for both checks', async () => {
    const { galileo } = await doctor(withGroups(KNOWN), {}, 'password');
    expect(galileo.withSecret).toEqual(['POST /login', 'GET /v2/current_user', 'GET /v2/groups']);
  });
});
