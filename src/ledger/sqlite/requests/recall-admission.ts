import { draftOf } from '../../../audit/chain.ts';
import type { RecordDraft } from '../../../audit/record.ts';
import { readStoredLine } from '../../../audit/stored-record.ts';
import type { Admission, Admitted, Owner, QuotaState } from '../../port.ts';
import type { KeyLookup } from './idempotency.ts';
import type { Tally } from './quota.ts';
import type { SqlitePort } from '../sqlite-port.ts';
import { readEnds } from '../trail/trail.ts';

/**
 * Finds the answer of an admission that was decided while its answer was lost, from the record that it wrote. Runs only
 * for an admission that says it is repeated, so others cost nothing. Reads and changes nothing.
 */
export interface RecallDeps {
  readonly findDeciding: (requestId: string) => RecordDraft | null;
  /** The counters of the admission's charges now. */
  readonly tally: () => Pick<Tally, 'states' | 'shortInvitees'>;
  /** When the admitted request expires; null when it is no longer open. */
  readonly openUntil: (requestId: string) => number | null;
  readonly lookUpKey: () => KeyLookup | null;
}

/** A repeated call follows its first one within seconds. */
export const NEWEST_RECORDS = 2_000;

/** Null: the first call wrote nothing, so it is to be decided now. Throws when a caller must not act on the answer. */
export function recallAdmission(admission: Admission, deps: RecallDeps): Admitted | null {
  const record = deps.findDeciding(admission.requestId);
  if (record === null) return null;
  if (!isOwn(record, admission.owner)) throw new Error('the request id belongs to another admission');
  switch (record.kind) {
    case 'intent': {
      const expiresAt = deps.openUntil(admission.requestId);
      // Its caller would send. A request that has ended must not be sent.
      if (expiresAt === null) throw new Error('the request has ended in the meantime');
      return { kind: 'admitted', expiresAt, quotas: deps.tally().states() };
    }
    case 'denial': {
      const tally = deps.tally();
      const quotas = tally.states();
      const exhausted = fullest(quotas.filter(({ quota }) => quota === record.outcome.quota));
      if (exhausted === undefined) return { kind: 'denied', quotas };
      const invitees = tally.shortInvitees();
      return {
        kind: 'exhausted',
        exhausted,
        retryAfterS: Math.max(1, Math.ceil(exhausted.resetMs / 1000)),
        quotas,
        ...(invitees.length === 0 ? {} : { invitees }),
      };
    }
    case 'dry_run':
      return { kind: 'previewed' };
    case 'replay': {
      const known = deps.lookUpKey();
      if (known?.kind !== 'replay') throw new Error('the reply has expired in the meantime');
      return known;
    }
    default:
      return null;
  }
}

export function findDeciding(sqlite: SqlitePort, requestId: string): RecordDraft | null {
  const newest = readEnds(sqlite).head.seq - NEWEST_RECORDS;
  const rows = sqlite.run<{ line: string }>(
    `SELECT line FROM records WHERE seq > ? AND instr(line, ?) > 0 ORDER BY seq`,
    newest,
    requestId,
  );
  return decidingAmong(
    rows.map(({ line }) => line),
    requestId,
  );
}

export function decidingAmong(lines: readonly string[], requestId: string): RecordDraft | null {
  for (const line of lines) {
    const read = readStoredLine(line);
    if (read.kind === 'read' && 'request_id' in read.record && read.record.request_id === requestId)
      return draftOf(read.record);
  }
  return null;
}

function isOwn({ actor }: RecordDraft, { issuer, clientId, subject }: Owner): boolean {
  return actor.issuer_url === issuer && actor.client_id === clientId && actor.subject === subject;
}

function fullest(states: readonly QuotaState[]): QuotaState | undefined {
  return states.toSorted((a, b) => a.remaining - b.remaining)[0];
}
