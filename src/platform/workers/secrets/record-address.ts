import { readHmacKey } from '../../../audit/hmac-key.ts';
import type { RecordAddress } from '../../../audit/record-address.ts';
import { createRecordAddress } from '../../../audit/record-address.ts';
import type { Settings } from '../../../config/schema.ts';
import type { Schedule } from '../../../ports/schedule.ts';
import type { SecretBinding } from './bound-secret.ts';
import { BINDING_DEADLINE_MS } from './bound-secret.ts';
import { withDeadline } from '../../../tasks/with-deadline.ts';

/**
 * The form in which the trail holds addresses, according to the settings. The key is read once, however it is bound:
 * another key would give the same address another form. Problems are sentences for the log and hold no part of the key.
 */
export type OpenedRecordAddress =
  | { readonly kind: 'opened'; readonly recordAddress: RecordAddress }
  | { readonly kind: 'refused'; readonly problem: string };

export async function openRecordAddress(
  { AUDIT_EMAILS: emails }: Pick<Settings, 'AUDIT_EMAILS'>,
  binding: SecretBinding | undefined,
  schedule: Schedule,
): Promise<OpenedRecordAddress> {
  if (emails === 'plain') return { kind: 'opened', recordAddress: createRecordAddress({ kind: 'plain' }) };
  const text =
    typeof binding === 'object'
      ? await withDeadline(binding.get(), { schedule, deadlineMs: BINDING_DEADLINE_MS }).catch(() => null)
      : (binding ?? '');
  if (text === null) return { kind: 'refused', problem: 'AUDIT_HMAC_KEY cannot be read from the Secrets Store' };
  const read = readHmacKey(text);
  if (read.kind === 'unfit') return { kind: 'refused', problem: `AUDIT_HMAC_KEY ${read.problem}` };
  return { kind: 'opened', recordAddress: createRecordAddress({ kind: 'hmac', key: read.key }) };
}
