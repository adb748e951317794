import { describe, expect, it } from 'vitest';
import { packDebits, unpackDebits } from '../../../../src/ledger/sqlite/requests/debits.ts';
import type { Debit } from '../../../../src/ledger/sqlite/requests/quota.ts';

const debit = (changes: Partial<Debit> = {}): Debit => ({
  quota: 'person',
  unit: 'emails',
  counter: '["invitee","ann@acme.com"]',
  windowMs: 60_000,
  windowEnd: 120_000,
  amount: 1,
  ...changes,
});

describe('the stored debits of a request', () => {
  it.each<[string, readonly Debit[]]>([
    ['none', []],
    ['one', [debit()]],
    ['two quotas on one counter', [debit(), debit({ quota: 'person-month', amount: 2 })]],
    ['one quota in two windows', [debit(), debit({ windowMs: 3_600_000, windowEnd: 3_600_000 })]],
    ['two units of one quota', [debit(), debit({ unit: 'requests' })]],
    ['one counter twice', [debit(), debit({ amount: 3 })]],
    ['two counters', [debit(), debit({ counter: '["org"]', amount: 9 })]],
  ])('are read as they were written: %s', (_what, debits) => {
    expect(unpackDebits(packDebits(debits))).toEqual(debits);
  });

  it('are read from the list that earlier releases wrote', () => {
    const debits = [debit(), debit({ counter: '["org"]' })];
    expect(unpackDebits(JSON.stringify(debits))).toEqual(debits);
    expect(unpackDebits('[]')).toEqual([]);
  });
});
