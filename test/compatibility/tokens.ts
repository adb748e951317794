import { expect } from 'vitest';
import { issuerProfile } from '../../src/auth/issuer-profile.ts';
import { validateClaims } from '../../src/auth/token/claims.ts';
import { RECORDED_TOKENS } from '../unit/auth/recorded-tokens.ts';
import { NOW_S } from '../support/tokens.ts';
import type { Chapter } from './situation.ts';

/** The access tokens of identity providers, in the forms that they really have. */
export const TOKENS: Chapter = {
  title: 'Tokens',
  about: 'Access tokens of identity providers, in the forms that they really have.',
  situations: RECORDED_TOKENS.map((token) => ({
    product: token.title.replace(/,.*/, ''),
    sends: `the access token of ${token.title.replace(/^.*?, /, '')}`,
    does: `Takes the caller as ${token.caller.kind === 'app' ? 'an app' : 'a person'} (preset \`${token.preset}\`).`,
    check() {
      const profile = issuerProfile({ name: 'corp', ...token.entry });
      expect(validateClaims(token.claims, profile, NOW_S)).toMatchObject({
        kind: 'principal',
        principal: token.caller,
      });
    },
  })),
};
