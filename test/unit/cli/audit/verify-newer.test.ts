/** `audit verify` on a trail that a later release has written: kinds and members that this program does not know. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chainRecord, GENESIS } from '../../../../src/audit/chain.ts';
import { formatItem } from '../../../../src/audit/format/formats.ts';
import { CHANGE_KINDS } from '../../../../src/audit/record-vocabulary.ts';
import type { RecordChange, RecordDraft } from '../../../../src/audit/record.ts';
import { canonicalJson } from '../../../../src/lib/canonical-json.ts';
import { testUuid7 } from '../../../support/clock.ts';
import { changeDraft, readDraft, recordDraft, suppressedDraft } from '../../../support/ledger/ledger.ts';
import { checkpointAt, lineOf, testKey } from '../../audit/verify/trail-harness.ts';
import type { Line } from '../../audit/verify/trail-harness.ts';
import type { Folder } from './audit-harness.ts';
import { audit, fillLedger, makeLedger, tempFolder, verified } from './audit-harness.ts';

let folder: Folder;
beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => folder.remove());

const READ = readDraft();
const CHANGE = changeDraft();
const KNOWN = recordDraft('intent', testUuid7(1), { expires_at: '2026-03-02T10:00:45.000Z' });

/** A chain of three records; the second is `draft`. */
function chainWith(draft: object): Line[] {
  let head = GENESIS;
  return [KNOWN, draft, { ...KNOWN, request_id: testUuid7(3) }].map((one) => {
    const seq = head.seq + 1;
    const place = { seq, id: testUuid7(100 + seq), time: '2026-03-02T10:00:00.000Z', prev: head.hash };
    const { line, hash } = chainRecord(one as RecordDraft, place);
    head = { seq, hash };
    return lineOf(line);
  });
}

const linesFile = (lines: readonly string[]): string =>
  folder.write('lines.ndjson', lines.map((one) => `${one}\n`).join(''));

/** An event as a later release might write it around a record of a kind that this one does not know. */
const eventAround = ({ text }: Line): string =>
  JSON.stringify({ class_uid: 6003, activity_name: 'Something new', raw_data: text });

const NEWER: readonly [what: string, draft: object][] = [
  ['of an unknown kind', { ...KNOWN, kind: 'approval' }],
  ['of an unknown kind with other members', { kind: 'rotation', slot: 'next' }],
  ['with an unknown member', { ...KNOWN, approved_by: 'ann' }],
  ['with an unknown member further in', { ...KNOWN, actor: { ...KNOWN.actor, device: 'x' } }],
  ['of a read with an unknown member', { ...READ, read: { ...READ.read, purpose: 'review' } }],
  ['of a read of something unknown', { ...READ, read: { ...READ.read, counts: [{ what: 'policy_text', count: 1 }] } }],
  ['of a read by an unknown filter', { ...READ, read: { ...READ.read, filters: ['role'] } }],
  ['of an unknown change', { ...CHANGE, change: { what: 'quota_changed', quota: 'app-day' } }],
  ['of a change with an unknown member', { ...CHANGE, change: { ...CHANGE.change, by: 'ann' } }],
  ['of a change that is about a request', { ...CHANGE, request_id: testUuid7(1) }],
  ['of a change that is none', { ...CHANGE, change: 'policy_taken' }],
  ['with an unknown result', { ...KNOWN, outcome: { result: 'postponed' } }],
];

describe('audit verify on records that are newer than this program', () => {
  it.each(NEWER)('says so of one %s, and never that it is broken', async (_what, draft) => {
    const lines = chainWith(draft);
    const ledger = await makeLedger(folder.path('ledger.db'));
    await fillLedger(ledger, lines);
    const of = await verified(['--ledger', ledger, '--lines', linesFile(lines.map(({ text }) => text))]);
    expect({ code: of.code, found: of.found, verdict: of.report.verdict }).toEqual({
      code: 3,
      found: [],
      verdict: 'newer',
    });
    expect(of.report.ledger).toMatchObject({ verdict: 'newer', newer: { lines: 1, from: 2, to: 2 }, records: 3 });
    expect(of.report.lines).toMatchObject({ verdict: 'newer', newer: { lines: 1, from: 2, to: 2 } });
  });

  it('knows every change that this program writes', async () => {
    const sha256 = 'ab'.repeat(32);
    const written: readonly RecordChange[] = [
      { what: 'service_started', runtime: 'node v24.12.0', settings_sha256: sha256 },
      { what: 'service_stopped' },
      { what: 'policy_taken', from: null, to: sha256 },
      { what: 'policy_refused', kept: sha256, problems: 3 },
      { what: 'key_slot_changed', slot: 'next', from: 'ab'.repeat(6), to: null },
      { what: 'checkpoint_key_changed', from: null, to: 'ab'.repeat(8) },
    ];
    expect(CHANGE_KINDS.filter((what) => !written.some((one) => one.what === what))).toEqual(['restored']);
    for (const change of written) {
      const lines = linesFile(chainWith(changeDraft(change)).map(({ text }) => text));
      expect(await verified(['--lines', lines])).toMatchObject({ code: 0, found: [], report: { verdict: 'intact' } });
    }
  });

  it('says so in words', async () => {
    const { stdout } = await audit([
      'verify',
      '--lines',
      linesFile(chainWith({ kind: 'rotation' }).map(({ text }) => text)),
    ]);
    expect(stdout).toContain('newer Delivered lines: records 1 to 3 (3)');
    expect(stdout).toContain('Not checked: the searchable part of 1 line (record 2), newer than this program knows.');
  });

  it('still finds every edit, and then the trail is broken', async () => {
    const [first, newer, last] = chainWith({ kind: 'rotation', slot: 'next' }).map(({ text }) => text);
    const edited = newer?.replace('"next"', '"past"') ?? '';
    const { code, found } = await verified(['--lines', linesFile([first ?? '', edited, last ?? ''])]);
    expect(code).toBe(1);
    expect(found).toEqual([expect.stringContaining('edited 2')]);
  });

  it('does not judge the searchable part of a newer OCSF event, but the record inside', async () => {
    const [first, newer, last] = chainWith({ kind: 'rotation' });
    const events = [first!.text, eventAround(newer!), last!.text];
    expect(await verified(['--lines', linesFile(events)])).toMatchObject({ code: 3, found: [] });
  });

  it('verifies the signature of a newer checkpoint, and finds an edited one', async () => {
    const key = await testKey(7);
    const publicKey = folder.write('key.pem', key.publicPem);
    const lines = chainWith(KNOWN);
    const known = await checkpointAt(lines[2]!, key);
    const { signature: _, ...statement } = JSON.parse(known.text) as Record<string, unknown>;
    const newer = { ...statement, witness: 'x' };
    const value = Buffer.from(await key.signer.sign(Uint8Array.from(Buffer.from(canonicalJson(newer))))).toString(
      'hex',
    );
    const signed = { ...newer, signature: { algorithm: 'Ed25519', key_id: key.signer.keyId, value } };
    const verify = async (checkpoint: object) =>
      await verified([
        '--public-key',
        publicKey,
        '--lines',
        linesFile([...lines.map(({ text }) => text), canonicalJson(checkpoint)]),
      ]);
    expect(await verify(signed)).toMatchObject({ code: 3, found: [], report: { lines: { signed_to: 3 } } });
    expect((await verify({ ...signed, witness: 'y' })).found).toEqual([expect.stringContaining('signature_invalid 3')]);
  });

  it.each([
    ['with its reader', READ],
    ['about all readers beyond the limit', { kind: READ.kind, read: READ.read, service: READ.service }],
  ])('takes a record of reads for known, %s, natively and in OCSF', async (_, draft) => {
    const lines = chainWith(draft);
    const native = linesFile(lines.map(({ text }) => text));
    expect(await verified(['--lines', native])).toMatchObject({ code: 0, report: { verdict: 'intact' } });
    const events = lines.map(({ text: line }, index) =>
      formatItem('ocsf', { position: 16 * (index + 1), kind: 'record', line }),
    );
    expect(await verified(['--lines', linesFile(events)])).toMatchObject({ code: 0, found: [] });
    const forged = events.map((event) => event.replace('"count":1,', '"count":2,'));
    expect(forged).not.toEqual(events);
    expect((await verified(['--lines', linesFile(forged)])).code).toBe(1);
  });

  it('takes a record of suppressed requests for known', async () => {
    const lines = chainWith(suppressedDraft()).map(({ text }) => text);
    expect(await verified(['--lines', linesFile(lines)])).toMatchObject({ code: 0, report: { verdict: 'intact' } });
  });
});
