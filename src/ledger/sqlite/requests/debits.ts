import type { Debit } from './quota.ts';

/**
 * The debits of one request as the text of a column. A request for 500 addresses debits 500 counters of each invitee
 * quota, and a row of a Durable Object holds 2 MB, so the values that debits share are written once: the counters'
 * names, and everything else that is equal within a quota.
 */
interface Packed {
  readonly counters: readonly string[];
  readonly quotas: readonly (Omit<Debit, 'counter' | 'amount'> & {
    /** Index in `counters`, and the amount. */
    readonly debits: (readonly [counter: number, amount: number])[];
  })[];
}

export function packDebits(debits: readonly Debit[]): string {
  const counters = new Map<string, number>();
  const quotas: Packed['quotas'][number][] = [];
  let quota: Packed['quotas'][number] | undefined;
  for (const debit of debits) {
    const index = counters.get(debit.counter) ?? counters.size;
    counters.set(debit.counter, index);
    // The debits of a quota follow one another.
    if (quota === undefined || !sharesAll(quota, debit)) {
      quota = quotas.find((other) => sharesAll(other, debit));
      if (quota === undefined) {
        const { quota: id, unit, windowMs, windowEnd } = debit;
        quota = { quota: id, unit, windowMs, windowEnd, debits: [] };
        quotas.push(quota);
      }
    }
    quota.debits.push([index, debit.amount]);
  }
  return JSON.stringify({ counters: [...counters.keys()], quotas } satisfies Packed);
}

function sharesAll(quota: Omit<Debit, 'counter' | 'amount'>, debit: Debit): boolean {
  return (
    quota.quota === debit.quota &&
    quota.unit === debit.unit &&
    quota.windowMs === debit.windowMs &&
    quota.windowEnd === debit.windowEnd
  );
}

/** Reads the older form, too: a list of debits. */
export function unpackDebits(text: string): readonly Debit[] {
  const packed = JSON.parse(text) as Packed | readonly Debit[];
  if (!('quotas' in packed)) return packed;
  return packed.quotas.flatMap(({ debits, ...shared }) =>
    debits.map(([index, amount]) => ({ ...shared, counter: packed.counters[index] ?? '', amount })),
  );
}
