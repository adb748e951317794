import { describe, expect, it } from 'vitest';
import { RECORD_KINDS } from '../../../../src/audit/record-vocabulary.ts';
import type { AnyDraft, RecordChange, RecordDraft } from '../../../../src/audit/record.ts';
import { textLine } from '../../../../src/cli/audit/text/text-line.ts';
import { testUuid7 } from '../../../support/clock.ts';
import { changeDraft, draftOfKind, readDraft, recordDraft, suppressedDraft } from '../../../support/ledger/ledger.ts';
import { checkpointAt, testKey } from '../../audit/verify/trail-harness.ts';
import { chained } from './audit-harness.ts';

const ID = testUuid7(1);

function textOf(draft: AnyDraft): string {
  return textLine('record', 1, chained([draft])[0]!.text);
}

/** The first six columns, and the rest. */
function columnsOf(line: string): { columns: string[]; what: string } {
  const match = /^(\S+) +(\S+) +(\S+) +(\S+) +(\S+) +(\S+) +(.*)$/.exec(line);
  if (match === null) throw new Error(`no columns: ${line}`);
  return { columns: match.slice(1, 7), what: match[7] ?? '' };
}

const whatOf = (draft: AnyDraft): string => columnsOf(textOf(draft)).what;

const CHANGES: readonly (readonly [RecordChange, string])[] = [
  [
    { what: 'service_started', runtime: 'node 24.12', settings_sha256: 'cd'.repeat(32) },
    String.raw`on node\u{20}24.12, settings sha256:cdcdcdcdcdcd`,
  ],
  [{ what: 'service_stopped' }, 'clean stop'],
  [{ what: 'policy_taken', from: null, to: 'ab'.repeat(32) }, '- to sha256:abababababab'],
  [{ what: 'policy_refused', kept: 'ab'.repeat(32), problems: 2 }, '2 problems, sha256:abababababab stays in force'],
  [{ what: 'key_slot_changed', slot: 'next', from: '0123456789ab', to: null }, 'next key 0123456789ab to -'],
  [{ what: 'checkpoint_key_changed', from: null, to: '0123456789abcdef' }, '- to 0123456789abcdef'],
  [
    { what: 'restored', records: 12, head: 'ab'.repeat(32), backup_time: '2026-03-02T09:00:00.000Z' },
    'from a backup of 12 records, the last of 2026-03-02T09:00:00.000Z',
  ],
];

describe('a record as one line of text', () => {
  it('has its columns at the same places for every kind of record', async () => {
    const lines = RECORD_KINDS.map((kind) => textOf(draftOfKind(kind, ID)));
    for (const [index, line] of lines.entries()) {
      const { columns } = columnsOf(line);
      expect(columns.slice(0, 3)).toEqual(['2026-03-02T10:00:01.000Z', '1', RECORD_KINDS[index]]);
      expect(line.slice(26, 34)).toBe('       1');
      expect(line).not.toMatch(/undefined|null|NaN|object/);
    }
    // The client: of the caller, or of the reader. The name of a change is longer than its column.
    const clients = lines.filter((line) => !line.includes('policy_taken')).map((line) => line.slice(64).split(' ')[0]);
    expect(new Set(clients)).toEqual(new Set(['hr-portal', 'audit-desk']));
  });

  it('says of a reader what was read, how much, and by which filters', () => {
    const draft = readDraft();
    const read = { ...draft.read, records: 3, first_seq: 4, last_seq: 9, filters: ['email' as const, 'from' as const] };
    expect(whatOf(draft)).toBe('read trail 1, given out: 0 records');
    expect(whatOf({ ...draft, read })).toBe('read trail 1, given out: records 4 to 9, filtered by email+from');
  });

  it.each<readonly [string, RecordDraft, string]>([
    [
      'an intent',
      recordDraft('intent', ID),
      `invite 1 address as user with okta: new.colleague@acme.com, allow by hr-staff (request ${ID})`,
    ],
    [
      'a denial by a quota',
      recordDraft('denial', ID, { code: 'quota_exhausted', status: 429, quota: 'app-day' }),
      `invite 1 address as user with okta: new.colleague@acme.com, allow by hr-staff, quota app-day, caller got 429 quota_exhausted (request ${ID})`,
    ],
    [
      'an outcome',
      recordDraft('outcome', ID, { result: 'unknown', reason: 'timeout', status: 504, code: 'outcome_unknown' }),
      `no answer of Galileo, timeout, caller got 504 outcome_unknown (request ${ID})`,
    ],
    [
      'a success',
      recordDraft('outcome', ID, { status: 200, upstream_status: 200 }),
      `Galileo answered 200, caller got 200 (request ${ID})`,
    ],
    [
      'a replay',
      recordDraft('replay', ID, { first_request_id: testUuid7(2), status: 200 }),
      `repeats request ${testUuid7(2)}, caller got 200 (request ${ID})`,
    ],
    [
      'a settlement',
      recordDraft('reconciliation', ID, { settled_by: 'person', person: 'Ann Smith', note: 'listed since 10:02' }),
      `settled by "Ann Smith", "listed since 10:02" (request ${ID})`,
    ],
    [
      'a look at the users',
      recordDraft('reconciliation', ID, {
        result: 'unknown',
        evidence: { created_after: 0, users: [{ email: 'new.colleague@acme.com', created_at: null }] },
      }),
      `0 of 1 address created since (request ${ID})`,
    ],
  ])('says of %s what it is about', (_name, draft, what) => {
    expect(whatOf(draft)).toBe(what);
  });

  it('says of requests without records of their own how many there were', () => {
    expect(whatOf(suppressedDraft())).toBe(
      '3 requests only counted, 2026-03-02T10:00:01.000Z to 2026-03-02T10:00:59.000Z: 2 denied policy_denied never-invite, 1 replayed',
    );
  });

  it.each(CHANGES)('says of the change %o what changed', (change, what) => {
    const { columns, what: found } = columnsOf(textOf(changeDraft(change)));
    expect(columns.slice(2)).toEqual(['change', change.what, '-', '-']);
    expect(found).toBe(what);
  });

  it('says of a checkpoint what it covers and who signed it', async () => {
    const [record] = chained([recordDraft('intent', ID)]);
    const { text } = await checkpointAt(record!, await testKey(1));
    const { columns, what } = columnsOf(textLine('checkpoint', 1, text));
    expect(columns).toEqual(['2026-03-02T10:00:05.000Z', '1', 'checkpoint', '-', '-', '-']);
    expect(what).toMatch(/^covers records up to 1, signed with key [0-9a-f]{16}$/);
    expect(textLine('checkpoint', 7, '{')).toContain('cannot be read; audit verify says more');
  });

  it('shows a line that is damaged or newer as such, and never quotes it', () => {
    for (const line of ['', 'x', '{}', '{"kind":"intent","time":"now","actor":7}', '[1]', '{"kind":"__proto__"}'])
      expect(columnsOf(textLine('record', 9, line)).what).toMatch(/cannot be read|newer than this program/);
    const newer = JSON.stringify({ ...suppressedDraft(), time: '2026-03-02T10:00:01.000Z', seq: 9, since: 'later' });
    expect(columnsOf(textLine('record', 9, newer))).toEqual({
      columns: ['2026-03-02T10:00:01.000Z', '9', 'suppressed', '-', '-', '-'],
      what: 'newer than this program knows',
    });
  });

  it('lets no text of a caller move a column, break the line or reach a terminal as a command', () => {
    const evil = ['\u001b[2J\u001b]0;owned\u0007', 'a b\tc\nd', '\u202edcba', '\u009b31m', 'x\u2028y', '\u3000'];
    for (const text of evil) {
      const draft = recordDraft('reconciliation', ID, { person: text, note: text, settled_by: 'person' });
      const { columns, what } = columnsOf(
        textOf({ ...draft, actor: { ...draft.actor, subject: text, client_id: text } }),
      );
      expect(columns.slice(1, 4)).toEqual(['1', 'reconciliation', draft.outcome.result]);
      expect(columns[4]).toBe(columns[5]);
      // oxlint-disable-next-line no-control-regex -- the characters that must not be there
      expect(`${columns.join('')}${what}`).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
      expect(columns).toHaveLength(6);
    }
  });
});
