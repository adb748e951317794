import { MINUTE_MS } from '../../sqlite/minute-rows.ts';
import type { MinuteRows } from '../../sqlite/minute-rows.ts';
import type { ChangeRows } from '../../sqlite/changes.ts';
import { judgeKey, KEY_AFTER } from '../../sqlite/requests/idempotency.ts';
import type { IdempotencyKeys } from '../../sqlite/requests/idempotency.ts';
import type { CounterRows } from '../../sqlite/requests/quota.ts';
import { REPLY_RETENTION_MS } from '../../trusted-time.ts';
import type { ReportUnreadable } from '../../report-unreadable.ts';
import { counterName } from './needs.ts';
import { readCounter, readRow } from './working-set.ts';
import type { MinuteTable, WorkingSet } from './working-set.ts';

/** Keys, counters, minutes and changes in a working set, in the forms that the steps of every ledger use. */
export function createSetKeys(
  { rows, changes }: WorkingSet,
  reportUnreadable: ReportUnreadable,
): Pick<IdempotencyKeys, 'lookup' | 'bind' | 'settle'> {
  return {
    lookup: (scope, fingerprint, now) => judgeKey(readRow(rows.keys, scope), { fingerprint, now, reportUnreadable }),
    bind(scope, { requestId, fingerprint, seq }) {
      // Replaces an expired key that is not pruned yet.
      rows.keys.set(scope, { scope, request_id: requestId, fingerprint, seq, keep_until: null, reply: null });
      changes.keys.set(scope, { scope, requestId, fingerprint, seq });
    },
    settle(scope, { requestId, seq, ending, reply, now }) {
      const known = rows.keys.get(scope);
      if (KEY_AFTER[ending] === 'freed') {
        changes.droppedReplies.add(seq);
        changes.replies.delete(seq);
        changes.freedKeys.push({ scope, requestId });
        if (changes.keys.get(scope)?.requestId === requestId) changes.keys.delete(scope);
        if (known?.request_id === requestId) rows.keys.set(scope, undefined);
        return;
      }
      const keepUntil = KEY_AFTER[ending] === 'kept' ? now + REPLY_RETENTION_MS : null;
      const text = JSON.stringify(reply);
      changes.replies.set(seq, { seq, scope, keepUntil, reply: text });
      if (known?.seq === seq) rows.keys.set(scope, { ...known, keep_until: keepUntil, reply: text });
    },
  };
}

/** A refund to a counter that no step of the batch has read is added up, and applied by the database. */
export function createSetCounters(set: WorkingSet): CounterRows {
  const { rows, changes } = set;
  return {
    *read(window, counters) {
      for (const counter of counters) {
        const { used } = readCounter(set, { ...window, counter });
        if (used !== null) yield { counter, used };
      }
    },
    add({ amount, ...debit }) {
      const counter = readCounter(set, debit);
      counter.used = (counter.used ?? 0) + amount;
      changes.counters.add(counter);
    },
    subtract({ amount, quota, unit, counter, windowMs, windowEnd }) {
      const name = counterName({ quota, unit, counter, windowMs });
      const known = rows.counters.get(name);
      if (known?.windowEnd === windowEnd) {
        if (known.used === null) return;
        known.used = Math.max(0, known.used - amount);
        changes.counters.add(known);
        return;
      }
      const refund = changes.refunds.get(`${windowEnd}\n${name}`);
      if (refund === undefined)
        changes.refunds.set(`${windowEnd}\n${name}`, { quota, unit, counter, windowMs, windowEnd, amount });
      else refund.amount += amount;
    },
    dropEndedBefore() {
      throw new Error('retention is a step of its own');
    },
  };
}

export function createSetMinutes({ rows, changes }: WorkingSet, table: MinuteTable): MinuteRows {
  const current = (): Map<string, string | undefined> => {
    const found = table === 'reads' ? rows.readers : rows.suppressions;
    if (found === null) throw new Error('a step asks for readers that its batch has not read');
    return found;
  };
  return {
    // Readers are read all together, so one that is not there is a new one.
    get: (_now, scope) => (table === 'reads' ? current().get(scope) : readRow(current(), scope)),
    set(now, scope, minute) {
      const windowEnd = (Math.floor(now / MINUTE_MS) + 1) * MINUTE_MS;
      current().set(scope, minute);
      changes.minutes[table].set(scope, { window_end: windowEnd, scope, minute });
    },
    count: () => current().size,
    take(_now, limit) {
      const most = Math.max(0, limit);
      const left = rows.overs[table].slice(changes.takenMinutes[table].length);
      const taken = left.slice(0, most);
      changes.takenMinutes[table].push(...taken);
      return { minutes: taken.map(({ minute }) => minute), more: left.length > taken.length };
    },
  };
}

export function createSetChanges({ rows, changes }: WorkingSet): ChangeRows {
  return {
    last: (subject) => readRow(rows.changes, subject),
    remember(subject, row) {
      rows.changes.set(subject, row);
      changes.lastChanges.set(subject, row);
    },
    keepsPolicy: (digest) => readRow(rows.policies, digest) === true,
    keepPolicy(digest, document) {
      rows.policies.set(digest, true);
      changes.policies.push({ digest, document, seq: changes.head.head.seq + 1 });
    },
  };
}
