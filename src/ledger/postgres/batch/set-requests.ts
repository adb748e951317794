import { packDebits } from '../../sqlite/requests/debits.ts';
import { createRequestReader } from '../../sqlite/requests/request-reader.ts';
import { FIRST_ATTEMPT_AFTER_MS } from '../../sqlite/requests/requests.ts';
import type { Requests } from '../../sqlite/requests/requests.ts';
import type { Owners } from '../../sqlite/requests/owners.ts';
import type { Ending, SettledBy } from '../../port.ts';
import type { ReportUnreadable } from '../../report-unreadable.ts';
import { ownerName } from './needs.ts';
import { readRow } from './working-set.ts';
import type { SettlingRow, WorkingSet } from './working-set.ts';

/** The requests and their owners in a working set, for the steps that admit and settle. */
type SetRequests = Pick<Requests, 'insert' | 'get' | 'settle' | 'settleOpen' | 'recordAttempt'>;

interface Outcome {
  readonly ending: Ending;
  readonly by: SettledBy;
  readonly at: number;
  readonly outcomeSeq: number;
}

export function createSetRequests({ rows, changes }: WorkingSet, reportUnreadable: ReportUnreadable): SetRequests {
  const { readState, readDebits } = createRequestReader(() => null, reportUnreadable);

  function change(row: SettlingRow, settledAt: number | null): void {
    const added = changes.newRequests.get(row.request_id);
    if (added !== undefined) {
      added.settledAt = settledAt ?? added.settledAt;
      if (row.state !== 'open' && row.state !== 'unknown') added.body = null;
      return;
    }
    const known = changes.requests.get(row.request_id);
    changes.requests.set(row.request_id, { row, settledAt: settledAt ?? known?.settledAt ?? null });
  }

  function end(row: SettlingRow, { ending, by, at, outcomeSeq }: Outcome): void {
    row.state = ending;
    row.settled_by = by;
    row.outcome_seq = outcomeSeq;
    row.look_at = ending === 'unknown' ? at + FIRST_ATTEMPT_AFTER_MS : null;
    if (ending !== 'unknown') row.debits = '[]';
    change(row, at);
  }

  return {
    insert({ admission, owner, state, admittedAt, expiresAt, decidedSeq, keyScope, debits }) {
      const { requestId } = admission;
      if (readRow(rows.requests, requestId) !== undefined) throw new Error('the request id is in use');
      const row: SettlingRow = {
        owner,
        request_id: requestId,
        state,
        expires_at: expiresAt,
        settled_by: null,
        key_scope: keyScope,
        look_at: null,
        looks: 0,
        decided_seq: decidedSeq,
        outcome_seq: null,
        debits: packDebits(debits),
      };
      rows.requests.set(requestId, row);
      changes.newRequests.set(requestId, {
        row,
        admittedAt,
        settledAt: null,
        body: state === 'open' ? admission.body : null,
      });
    },
    get(requestId) {
      const row = readRow(rows.requests, requestId);
      if (row === undefined) return null;
      return {
        id: { owner: row.owner, requestId },
        decidedSeq: row.decided_seq,
        state: readState(row),
        expiresAt: row.expires_at,
        settledBy: row.settled_by as SettledBy | null,
        keyScope: row.key_scope,
        debits: () => readDebits(row),
        nextAttemptAt: row.look_at,
      };
    },
    settle({ id: { requestId } }, { isFirst, ...outcome }) {
      const row = readRow(rows.requests, requestId);
      if (row === undefined) return;
      if (!isFirst && row.outcome_seq !== null)
        changes.further.push({ requestId, seq: row.outcome_seq, kind: 'other' });
      end(row, outcome);
    },
    settleOpen(requestId, _owner, outcome) {
      const row = readRow(rows.requests, requestId);
      if (row?.state !== 'open') return null;
      end(row, outcome);
      return { keyScope: row.key_scope, decidedSeq: row.decided_seq };
    },
    recordAttempt({ id: { requestId } }, { at, counted }) {
      const row = readRow(rows.requests, requestId);
      if (row === undefined) return;
      row.look_at = at;
      row.looks += counted ? 1 : 0;
      change(row, null);
    },
  };
}

export function createSetOwners({ rows, changes }: WorkingSet): Pick<Owners, 'numberOf'> {
  return {
    numberOf(owner) {
      const name = ownerName(owner);
      const known = readRow(rows.owners, name);
      if (known !== undefined) return known;
      const number = changes.head.lastOwner + 1;
      changes.head = { ...changes.head, lastOwner: number };
      rows.owners.set(name, number);
      const { issuer, clientId, subject } = owner;
      changes.owners.push({ owner: number, issuer, clientId, subject });
      return number;
    },
  };
}
