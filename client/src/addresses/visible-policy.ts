/** Reads the caller's part of the policy as the service does: which rows aim at an address, and what they force. */
import type { InvitePolicy } from '../api-types.ts';

type ForcedRow = InvitePolicy['forced'][number];

/** Whether a row of the policy aims at this address. Case is ignored; `*.acme.com` is not acme.com itself. */
export function isAimedAt({ domains, emails }: Pick<ForcedRow, 'domains' | 'emails'>, email: string): boolean {
  const address = email.toLowerCase();
  const domain = address.slice(address.lastIndexOf('@') + 1);
  return (
    emails.includes(address) ||
    domains.some((pattern) => (pattern.startsWith('*.') ? domain.endsWith(pattern.slice(1)) : domain === pattern))
  );
}

export interface ForcedValues {
  readonly auth_method: ForcedRow['auth_method'] | undefined;
  readonly role: ForcedRow['role'] | undefined;
  readonly groups: ForcedRow['groups'] | undefined;
  readonly send_email: ForcedRow['send_email'] | undefined;
}

/** The values that the policy sets for this address, whatever is asked; undefined: none. Per field, the first row counts. */
export function forcedFor({ forced }: Pick<InvitePolicy, 'forced'>, email: string): ForcedValues {
  const rows = forced.filter((row) => isAimedAt(row, email));
  const first = <Field extends keyof ForcedValues>(field: Field): ForcedRow[Field] | undefined =>
    rows.find((row) => row[field] !== undefined)?.[field];
  return {
    ...{ auth_method: first('auth_method'), role: first('role') },
    ...{ groups: first('groups'), send_email: first('send_email') },
  };
}
