import * as z from 'zod';
import type { SignInLedger } from '../../../ledger/sign-in-hold.ts';
import type { Step } from './rpc-step.ts';

/** The rows of the RPC (rpc.ts) for sign-ins to Galileo. */
const text = z.string();
const count = z.int().nonnegative();
const hold = z.strictObject({ reason: z.enum(['attempt', 'retry', 'refused', 'unanswered']), waitMs: count });

export const SIGN_IN_STEPS = {
  signInSalt: { args: z.tuple([]), result: z.string().regex(/^[0-9a-f]{64}$/), writes: false },
  signInHold: { args: z.tuple([text]), result: hold.nullable(), writes: false },
  claimSignIn: {
    args: z.tuple([z.strictObject({ fingerprint: text, claim: text, leaseMs: count })]),
    result: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('granted') }),
      z.strictObject({ kind: z.literal('held'), hold }),
    ]),
    writes: true,
  },
  endSignIn: {
    args: z.tuple([
      z.strictObject({
        fingerprint: text,
        claim: text,
        hold: z.strictObject({ reason: z.enum(['refused', 'unanswered']), forMs: count }).nullable(),
      }),
    ]),
    result: z.undefined(),
    writes: true,
  },
} as const satisfies { readonly [K in keyof SignInLedger]: Step<K> };
