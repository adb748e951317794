import { expect, it } from 'vitest';
import { welcome } from '../../../dev/local-start/welcome.ts';

const FACTS = {
  url: 'http://127.0.0.1:9400',
  issuer: 'http://127.0.0.1:9401',
  galileoUrl: 'http://127.0.0.1:9402',
  opsUrl: null,
  isUsualIssuer: false,
  hasPages: true,
  policyFile: 'dev/policy.yaml',
  ledgerFile: './data/dev-ledger.db',
  readableLog: false,
  loud: (text: string) => text,
};

it('names the reference for people, unless it is switched off', () => {
  expect(welcome(FACTS)).toContain('To look at: http://127.0.0.1:9400/docs · ');
  expect(welcome({ ...FACTS, hasPages: false })).not.toContain('/docs ');
});

it('is about this run: its own ports stand in each command', () => {
  const page = welcome(FACTS);
  expect(page).not.toContain('8080');
  expect(page).toContain('npm run --silent token -- --issuer http://127.0.0.1:9401 --user ann');
});
