import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chainRecord, draftOf, GENESIS_HASH, verifyChain } from '../../../src/audit/chain.ts';
import type { RequestRecord } from '../../../src/audit/record.ts';
import { canonicalJson } from '../../../src/lib/canonical-json.ts';
import { testUuid7 } from '../../support/clock.ts';
import { sha256 } from '../../../src/platform/node/runtime.ts';
import { recordDraft } from '../../support/ledger/ledger.ts';

function chainOf(length: number): string[] {
  const lines: string[] = [];
  let prev = GENESIS_HASH;
  for (let seq = 1; seq <= length; seq += 1) {
    const { line, hash } = chainRecord(recordDraft('intent', testUuid7(seq)), {
      seq,
      id: testUuid7(100 + seq),
      time: '2026-03-02T10:00:00.000Z',
      prev,
    });
    lines.push(line);
    prev = hash;
  }
  return lines;
}

const edited = (line: string, change: (record: Record<string, unknown>) => void): string => {
  const record = JSON.parse(line) as Record<string, unknown>;
  change(record);
  return canonicalJson(record);
};

/** As a forger does it: the record's own hash is made right again. */
const forged = (line: string, change: (record: Record<string, unknown>) => void): string =>
  edited(line, (record) => {
    change(record);
    delete record['hash'];
    record['hash'] = createHash('sha256').update(canonicalJson(record)).digest('hex');
  });

describe('the hash chain', () => {
  it('hashes the RFC 8785 text without the hash, and writes the RFC 8785 text with it', () => {
    const place = { seq: 1, id: testUuid7(1), time: '2026-03-02T10:00:00.000Z', prev: GENESIS_HASH };
    const { line, hash } = chainRecord(recordDraft('denial', testUuid7(2)), place);
    const record = JSON.parse(line) as Record<string, unknown>;
    expect(line).toBe(canonicalJson(record));
    expect(record).toEqual({ ...recordDraft('denial', testUuid7(2)), ...place, hash });
    const { hash: _hash, ...rest } = record;
    expect(createHash('sha256').update(canonicalJson(rest)).digest('hex')).toBe(hash);
  });

  it('hashes a record once to write it, and once to verify it', () => {
    const hashed: string[] = [];
    const counting = (data: string | Uint8Array): string => {
      hashed.push(typeof data === 'string' ? data : '');
      return sha256(data);
    };
    const place = { seq: 1, id: testUuid7(1), time: '2026-03-02T10:00:00.000Z', prev: GENESIS_HASH };
    const { line, hash } = chainRecord(recordDraft('intent', testUuid7(2)), place, counting);
    const covered = line.replace(`"hash":"${hash}",`, '');
    expect(hashed).toEqual([covered]);
    expect(verifyChain([line], undefined, counting)).toMatchObject({ kind: 'intact' });
    expect(hashed).toEqual([covered, covered]);
  });

  it('writes the same record with the hash function of either runtime', () => {
    const place = { seq: 1, id: testUuid7(1), time: '2026-03-02T10:00:00.000Z', prev: GENESIS_HASH };
    const draft = recordDraft('intent', testUuid7(2));
    expect(chainRecord(draft, place, sha256)).toEqual(chainRecord(draft, place));
  });

  it.each([
    ['in the middle', '{"a":1,"hash":"HASH","seq":1}'],
    ['at its end', '{"a":1,"hash":"HASH"}'],
    ['at its beginning', '{"hash":"HASH","seq":1}'],
    ['alone', '{"hash":"HASH"}'],
    ['beside a member __proto__', '{"__proto__":1,"hash":"HASH","seq":1}'],
  ])('finds the hash of a record that has it %s', (_, form) => {
    const covered = form.replace(/(,)?"hash":"HASH"(,)?/, (_whole, before?: string, after?: string) =>
      before !== undefined && after !== undefined ? ',' : '',
    );
    const line = form.replace('HASH', createHash('sha256').update(covered).digest('hex'));
    // Not `edited`: text and hash agree, and only the place in the chain is wrong.
    const reason = form.includes('"seq":1') ? 'wrong_prev' : 'out_of_sequence';
    expect(verifyChain([line])).toMatchObject({ kind: 'broken', reason });
  });

  it('does not let a draft set members that only the ledger may set', () => {
    const place = { seq: 1, id: testUuid7(1), time: '2026-03-02T10:00:00.000Z', prev: GENESIS_HASH };
    const draft = recordDraft('intent', testUuid7(2));
    const smuggler = { ...draft, seq: 99, prev: 'f'.repeat(64), hash: 'e'.repeat(64) };
    expect(chainRecord(smuggler, place)).toEqual(chainRecord(draft, place));
  });

  it('gives the draft back from a stored line', () => {
    expect(draftOf(JSON.parse(chainOf(1)[0] ?? '') as RequestRecord)).toEqual(recordDraft('intent', testUuid7(1)));
  });

  it('verifies an untouched trail, as a whole or from any place', () => {
    const lines = chainOf(5);
    const whole = verifyChain(lines);
    expect(whole).toMatchObject({ kind: 'intact', head: { seq: 5 } });
    const half = verifyChain(lines.slice(0, 3));
    expect(half.kind === 'intact' && verifyChain(lines.slice(3), half.head)).toEqual(whole);
    expect(verifyChain([])).toEqual({ kind: 'intact', head: { seq: 0, hash: GENESIS_HASH } });
  });

  const broken = (index: number, reason: string) => ({ kind: 'broken', index, seq: index + 1, reason });

  it.each<[string, (lines: string[]) => string[], ReturnType<typeof broken>]>([
    [
      'an edited value',
      (l) =>
        l.with(
          2,
          edited(l[2] ?? '', (r) => (r['request_id'] = testUuid7(66))),
        ),
      broken(2, 'edited'),
    ],
    [
      'an added member',
      (l) =>
        l.with(
          2,
          edited(l[2] ?? '', (r) => (r['note'] = 'x')),
        ),
      broken(2, 'edited'),
    ],
    [
      'an edit with the hash made right',
      (l) =>
        l.with(
          2,
          forged(l[2] ?? '', (r) => (r['request_id'] = 'x')),
        ),
      broken(3, 'wrong_prev'),
    ],
    [
      'another previous hash',
      (l) =>
        l.with(
          2,
          forged(l[2] ?? '', (r) => (r['prev'] = 'a'.repeat(64))),
        ),
      broken(2, 'wrong_prev'),
    ],
    [
      'a changed seq',
      (l) =>
        l.with(
          2,
          forged(l[2] ?? '', (r) => (r['seq'] = 7)),
        ),
      broken(2, 'out_of_sequence'),
    ],
    ['white space', (l) => l.with(2, `${l[2]} `), broken(2, 'edited')],
    ['a repeated member', (l) => l.with(2, (l[2] ?? '').replace('{', '{"seq":9,')), broken(2, 'edited')],
    [
      'a hash that is no text',
      (l) =>
        l.with(
          2,
          edited(l[2] ?? '', (r) => (r['hash'] = 1)),
        ),
      broken(2, 'edited'),
    ],
    ['a missing record', (l) => l.toSpliced(2, 1), broken(2, 'out_of_sequence')],
    ['a missing first record', (l) => l.slice(1), broken(0, 'out_of_sequence')],
    ['a repeated record', (l) => l.toSpliced(2, 0, l[1] ?? ''), broken(2, 'out_of_sequence')],
    ['two records exchanged', (l) => l.with(1, l[2] ?? '').with(2, l[1] ?? ''), broken(1, 'out_of_sequence')],
    ['a cut line', (l) => l.with(4, (l[4] ?? '').slice(0, -1)), broken(4, 'not_a_record')],
    ['a line that is no object', (l) => l.with(0, '[]'), broken(0, 'not_a_record')],
    ['a lone surrogate', (l) => l.with(0, '{"hash":"\\ud800"}'), broken(0, 'edited')],
  ])('finds %s at its place', (_what, tamper, expected) => {
    expect(verifyChain(tamper(chainOf(5)))).toEqual(expected);
  });

  it('finds any single changed character', () => {
    const lines = chainOf(3);
    fc.assert(
      fc.property(fc.nat({ max: 2 }), fc.nat(), fc.integer({ min: 32, max: 126 }), (at, place, code) => {
        const line = lines[at] ?? '';
        const index = place % line.length;
        const character = String.fromCharCode(code);
        fc.pre(line[index] !== character);
        const verdict = verifyChain(lines.with(at, line.slice(0, index) + character + line.slice(index + 1)));
        expect(verdict).toMatchObject({ kind: 'broken', index: at });
      }),
      { numRuns: 500 },
    );
  });
});
