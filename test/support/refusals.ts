import { createRefusals } from '../../src/routes/operations/refusals.ts';
import type { CompiledPolicy } from '../../src/policy/compile.ts';
import { createFakeIds } from './clock.ts';

/** The only origin that may read the refusals of a test. */
export const ALLOWED_ORIGIN = 'https://hr.example.com';
export const DIGEST = '0f'.repeat(32);

/** What a listener answers in place of the app, as the service does it. */
export function createTestRefusals(): ReturnType<typeof createRefusals> {
  return createRefusals({
    ids: createFakeIds(),
    // Of the policy, refusals show the digest only.
    policy: { current: () => ({ digest: DIGEST }) as CompiledPolicy },
    settings: { corsOrigins: [ALLOWED_ORIGIN], insecureDev: false },
  });
}
