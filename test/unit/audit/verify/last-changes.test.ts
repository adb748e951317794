import { describe, expect, it } from 'vitest';
import { createFindings } from '../../../../src/audit/verify/findings.ts';
import { createLastChanges } from '../../../../src/audit/verify/tables/last-changes.ts';
import { pointed } from './trail-harness.ts';

type Change = readonly [from: string | null, to: string | null, subject?: string];

/** What is found in a ledger with these changes on record and this list; the first change is record 1. */
function found(changes: readonly Change[], listed: Readonly<Record<string, string | null>> | null, isWhole = false) {
  const findings = createFindings();
  const last = createLastChanges(findings);
  for (const [index, [from, to, subject = 'policy']] of changes.entries()) {
    const seq = index + 1;
    last.record({ seq, exchanged: { subject, from, to } }, { prefix: 'ledger seq ', at: seq });
  }
  last.end(listed === null ? null : new Map(Object.entries(listed)), {
    place: 'the ledger',
    isWhole,
  });
  return pointed({ findings: findings.list() });
}

describe('the list of last changes', () => {
  it.each<[string, readonly Change[], Readonly<Record<string, string | null>> | null]>([
    [
      'says what the records say',
      [
        [null, 'a'],
        ['a', 'b'],
        [null, 'k', 'key current'],
      ],
      { policy: 'b', 'key current': 'k' },
    ],
    ['lacks a value, because the service then records it once more', [[null, 'a']], {}],
    [
      'lacked a value, so that the next record names none before',
      [
        [null, 'a'],
        [null, 'a'],
      ],
      { policy: 'a' },
    ],
    ['has a value whose record retention has dropped', [], { policy: 'a' }],
    ['begins behind a record that retention has dropped', [['a', 'b']], { policy: 'b' }],
    ['does not exist in an older ledger', [[null, 'a']], null],
    [
      'says that a slot is empty',
      [
        [null, 'k', 'key next'],
        ['k', null, 'key next'],
      ],
      { 'key next': null },
    ],
  ])('is sound when it %s', (_what, changes, listed) => {
    expect(found(changes, listed)).toEqual([]);
  });

  it('is refuted by the last record when it names another value: the change to that value would not be recorded', () => {
    expect(found([[null, 'a']], { policy: 'b' })).toEqual(['change_refuted - @ the ledger']);
    expect(found([[null, 'k', 'key next']], { 'key next': null })).toEqual(['change_refuted - @ the ledger']);
  });

  it('is refuted when it names a key that no record gives, in a trail from the first record on', () => {
    const listed = { policy: 'a', 'key next': 'k', service: 's', 'refused policy': 'r' };
    expect(found([[null, 'a']], listed, true)).toEqual(['change_refuted - @ the ledger']);
    expect(found([[null, 'a']], listed, false)).toEqual([]);
  });

  it('is refuted by a later record that names as the former value one that no record has', () => {
    expect(
      found(
        [
          [null, 'a'],
          ['b', 'c'],
        ],
        { policy: 'c' },
      ),
    ).toEqual(['change_refuted 2 @ ledger seq 2']);
  });
});
