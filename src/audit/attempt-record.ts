import * as z from 'zod';
import { ATTEMPT_RESULTS, KEY_SLOTS } from './record-vocabulary.ts';

/** One exchange with Galileo, as the outcome record of an invite has it (record.ts). */
export const attemptSchema = z.strictObject({
  scheme: z
    .enum(['basic', 'password'])
    .exactOptional()
    .describe('How the service signed in to Galileo (GALILEO_AUTH). Absent: with an API key.'),
  slot: z.enum(KEY_SLOTS).describe('Which of the two Galileo keys; with another scheme always `current`.'),
  key_fingerprint: z
    .string()
    .regex(/^[0-9a-f]{12}$/)
    .describe(
      'Distinguishes keys and reveals nothing about them: from a SHA-256 over a label and the key. That of a password is an HMAC under a secret of the ledger, from which the password cannot be guessed.',
    ),
  result: z.enum(ATTEMPT_RESULTS).describe('What is known of the bytes.'),
  status: z.int().min(100).max(599).exactOptional().describe("Of Galileo's answer, where there was one."),
  reason: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/)
    .exactOptional()
    .describe('Why there was none.'),
  duration_ms: z.number().nonnegative().describe('From the first attempt to send to the end of the answer.'),
});
