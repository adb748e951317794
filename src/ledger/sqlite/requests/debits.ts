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
  const quotas = new Map<string, Packed['quotas'][number]>();
  for (const { counter, amount, ...shared } of debits) {
    const index = counters.get(counter) ?? counters.size;
    counters.set(counter, index);
    const name = JSON.stringify(shared);
    const quota = quotas.get(name) ?? { ...shared, debits: [] };
    quota.debits.push([index, amount]);
    quotas.set(name, quota);
  }
  return JSON.stringify({ counters: [...counters.keys()], quotas: [...quotas.values()] } satisfies Packed);
}

/** Reads the older form, too: a list of debits. */
export function unpackDebits(text: string): readonly Debit[] {
  const packed = JSON.parse(text) as Packed | readonly Debit[];
  if (!('quotas' in packed)) return packed;
  return packed.quotas.flatMap(({ debits, ...shared }) =>
    debits.map(([index, amount]) => ({ ...shared, counter: packed.counters[index] ?? '', amount })),
  );
}
