/**
 * A person settles a request whose outcome is unknown: the same step for the service and for the command line. A known
 * outcome is never changed, and nothing is sent. Invariant: `settled` means that the record, with who and why, is
 * durable. Whether the texts may be recorded is checked before (contract/settlement).
 */
import type { RecordSettler } from '../../audit/record.ts';
import type { SettledEnding } from '../../contract/settlement.ts';
import type { Ledger, RequestEntry, RequestState } from '../../ledger/port.ts';
import { resolveUnknown } from './resolve-unknown.ts';

export interface PersonSettlement {
  readonly requestId: string;
  readonly ending: SettledEnding;
  readonly person: string;
  readonly note: string;
  /** Who it is as a verified token says; absent on the command line, where the name is only claimed. */
  readonly settler?: RecordSettler;
}

export type SettledAsPerson =
  /** `before`: by this person with these words, in an earlier call whose answer may have been lost. */
  | { readonly kind: 'settled'; readonly when: 'now' | 'before' }
  | { readonly kind: 'not_found' }
  /** Neither record of the request can be read, so no record of its settlement can be made. */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'not_unknown'; readonly state: RequestState; readonly expiresAt: number | null };

/** Rejects when the ledger fails. The step may then have happened: the same call again finds out. */
export async function settleAsPerson(
  ledger: Pick<Ledger, 'find' | 'settle'>,
  settlement: PersonSettlement,
): Promise<SettledAsPerson> {
  const { requestId, ending, person, note, settler } = settlement;
  const entry = await ledger.find(requestId, null);
  if (entry === null) return { kind: 'not_found' };
  if (entry.state !== 'unknown') return notUnknown(entry, settlement);
  // All records of a request have the same members, so the outcome's record can stand in for a damaged intent.
  const intent = entry.decided ?? entry.outcome;
  if (intent === null) return { kind: 'unreadable' };
  const by = { kind: 'person', person, note, ...(settler === undefined ? {} : { settler }) } as const;
  const settled = await ledger.settle(resolveUnknown({ requestId, intent }, { ending, by }));
  // Only the ledger's result counts, not the earlier look: an answer, or this call's first try, may arrive in between.
  if (settled.kind === 'settled') return { kind: 'settled', when: 'now' };
  if (settled.kind === 'not_found') return { kind: 'not_found' };
  const now = (await ledger.find(requestId, null)) ?? entry;
  return notUnknown({ ...now, state: settled.state }, settlement);
}

function notUnknown(entry: RequestEntry, settlement: PersonSettlement): SettledAsPerson {
  if (isRepeat(entry, settlement)) return { kind: 'settled', when: 'before' };
  return { kind: 'not_unknown', state: entry.state, expiresAt: entry.expiresAt };
}

/** The stored settlement has the same ending, by the same caller, with the same words. */
function isRepeat({ state, outcome }: RequestEntry, { ending, note, settler }: PersonSettlement): boolean {
  const stored = outcome?.outcome;
  return (
    settler !== undefined &&
    stored?.settler !== undefined &&
    state === ending &&
    stored.result === ending &&
    stored.note === note &&
    stored.settler.issuer_url === settler.issuer_url &&
    stored.settler.client_id === settler.client_id &&
    stored.settler.subject === settler.subject
  );
}
