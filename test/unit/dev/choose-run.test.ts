import { describe, expect, it } from 'vitest';
import { chooseRun } from '../../../dev/local-start/choose-run.ts';
import { startStandIns } from '../../../dev/stand-ins.ts';

const SECRETS = [
  'GALILEO_API_KEY',
  'GALILEO_API_KEY_FILE',
  'GALILEO_API_KEY_NEXT',
  'GALILEO_API_KEY_NEXT_FILE',
  'GALILEO_PASSWORD',
  'GALILEO_PASSWORD_FILE',
] as const;
const ISSUERS = ['AUTH_ISSUERS', 'AUTH_ISSUERS_FILE'] as const;
const PORTS = { identityProvider: 0, galileo: 0 };

describe('npm start', () => {
  it('runs with stand-ins when nothing real is configured, also when it is empty', () => {
    for (const env of [{}, { GALILEO_API_KEY: '', GALILEO_PASSWORD: '', AUTH_ISSUERS: '' }, { GALILEO_AUTH: 'basic' }])
      expect(chooseRun(env)).toEqual({ kind: 'stand_ins' });
  });

  it.each(SECRETS)('runs the real service when %s and issuers are configured', (secret) => {
    for (const issuers of ISSUERS) expect(chooseRun({ [secret]: 'x', [issuers]: 'x' })).toEqual({ kind: 'real' });
  });

  it.each(SECRETS)('runs neither beside %s without issuers, and says so by name, without the value', async (secret) => {
    const env = { GALILEO_USERNAME: 'invites', [secret]: 'the-secret-0f3c9a7e' };
    const chosen = chooseRun(env);
    expect(chosen).toMatchObject({ kind: 'refused', message: expect.stringContaining(secret) });
    expect(JSON.stringify(chosen)).not.toContain('the-secret');
    await expect(startStandIns(env, PORTS)).rejects.toThrow(secret);
  });

  it.each(ISSUERS)('runs neither beside %s without a secret', async (issuers) => {
    expect(chooseRun({ [issuers]: 'x' })).toMatchObject({ kind: 'refused', message: expect.stringContaining(issuers) });
    await expect(startStandIns({ [issuers]: 'x' }, PORTS)).rejects.toThrow(issuers);
  });
});
