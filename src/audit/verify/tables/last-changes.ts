import type { Findings, NewFinding, Place } from '../findings.ts';
import type { RecordItem } from '../item.ts';

/**
 * Compares a ledger's list of last changes with the records. The service records a new policy or key only when the list
 * has another value, so a value that somebody wrote there in advance hides the change. It shows at the end of the trail,
 * and later in the next record, which names as the former value one that no record has. A value that is not in the list is
 * no fault: the service then records once more. Nothing is compared with records that are not here.
 */
export interface LastChanges {
  record(record: Pick<RecordItem, 'seq' | 'exchanged'>, place: Place): void;
  /**
   * Adds the findings. `listed`: the values in the list by subject; null: there is no list. `isWhole`: every record from
   * the first one on is here, so a value of the list must be in one. Not to be called where another fault may explain a
   * value.
   */
  end(
    listed: ReadonlyMap<string, string | null> | null,
    facts: { readonly place: string; readonly isWhole: boolean },
  ): void;
}

/** As ledger/records/change-report names them. Starts and refused policies have values that no record holds. */
const EXCHANGED: ReadonlySet<string> = new Set(['policy', 'key current', 'key next', 'checkpoint key']);

export function createLastChanges(findings: Pick<Findings, 'add'>): LastChanges {
  const recorded = new Map<string, string | null>();
  const faults: NewFinding[] = [];
  return {
    record({ seq, exchanged }, place) {
      if (exchanged === null) return;
      const { subject, from, to } = exchanged;
      const before = recorded.get(subject);
      if (before !== undefined && from !== null && from !== before)
        faults.push({ kind: 'change_refuted', seq, place, against: subject });
      recorded.set(subject, to);
    },
    end(listed, { place, isWhole }) {
      for (const fault of faults) findings.add(fault);
      for (const [subject, value] of recorded) {
        const own = listed?.get(subject);
        if (own !== undefined && own !== value)
          findings.add({ kind: 'change_refuted', seq: null, place, against: subject });
      }
      for (const subject of isWhole ? (listed?.keys() ?? []) : []) {
        if (EXCHANGED.has(subject) && !recorded.has(subject))
          findings.add({ kind: 'change_refuted', seq: null, place, against: subject });
      }
    },
  };
}
