import * as z from 'zod';

/**
 * The member `change` of a record of kind `change`: one form for each thing that can change. A zod schema like the rest
 * of the record (record.ts). Holds digests, fingerprints and counts only: never a secret, an address, or the text of a
 * policy's problem.
 */
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const instant = z.iso.datetime({ precision: 3 });
const count = z.int().nonnegative();
const keyFingerprint = z.string().regex(/^[0-9a-f]{12}$/);
const keyId = z.string().regex(/^[0-9a-f]{16}$/);

const serviceStarted = z.strictObject({
  what: z.literal('service_started').describe('The service started; on Workers: a deployed version served first.'),
  runtime: z.string().describe('What it runs on, with the version where the platform names one.'),
  settings_sha256: sha256.describe(
    'SHA-256 of the RFC 8785 text of the settings in force, without secrets and without credentials in URLs.',
  ),
});

const serviceStopped = z.strictObject({
  what: z.literal('service_stopped').describe('The service stopped cleanly. It answered its last request before.'),
});

const policyTaken = z.strictObject({
  what: z.literal('policy_taken').describe('A policy decides from here on. The ledger keeps it by its digest.'),
  from: sha256.nullable().describe('Digest of the policy on record before; null when there was none.'),
  to: sha256.describe('Digest of the policy taken, as in the field Policy-Digest.'),
});

const policyRefused = z.strictObject({
  what: z.literal('policy_refused').describe('A changed policy has problems and was not taken.'),
  kept: sha256.nullable().describe('Digest of the policy that stays in force; null when there was none.'),
  problems: count.describe('How many problems it has. Their text is in no record.'),
});

const keySlotChanged = z.strictObject({
  what: z.literal('key_slot_changed').describe('A slot holds another Galileo API key.'),
  slot: z.enum(['current', 'next']).describe('Which of the two keys.'),
  from: keyFingerprint.nullable().describe('Fingerprint of the key on record before; null when there was none.'),
  to: keyFingerprint.nullable().describe('As `key_fingerprint` of attempts; null when the slot is empty now.'),
});

const checkpointKeyChanged = z.strictObject({
  what: z.literal('checkpoint_key_changed').describe('Checkpoints are signed with another key.'),
  from: keyId.nullable().describe('`key_id` on record before; null when checkpoints were not signed.'),
  to: keyId.nullable().describe('`key_id` of the signatures from here on; null when there are none.'),
});

const restored = z.strictObject({
  what: z.literal('restored').describe('The ledger was restored from a backup, which ends at the record before.'),
  records: count.describe('How many records the backup holds.'),
  head: sha256.describe('`hash` of the last record of the backup.'),
  backup_time: instant.nullable().describe('`time` of that record; null when the backup has none.'),
});

export const changeSchema = z.discriminatedUnion('what', [
  serviceStarted,
  serviceStopped,
  policyTaken,
  policyRefused,
  keySlotChanged,
  checkpointKeyChanged,
  restored,
]);
