import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatItem } from '../../../../src/audit/format/formats.ts';
import { draftOf } from '../../../../src/audit/chain.ts';
import type { RequestRecord } from '../../../../src/audit/record.ts';
import type { RecordItem } from '../../../../src/audit/verify/item.ts';
import { canonicalJson } from '../../../../src/lib/canonical-json.ts';
import { sha256Hex } from '../../../../src/lib/sha256.ts';
import { testUuid7 } from '../../../support/clock.ts';
import { recordDraft, suppressedDraft } from '../../../support/ledger/ledger.ts';
import type { Line } from '../../audit/verify/trail-harness.ts';
import type { Folder } from './audit-harness.ts';
import { alter, audit, chained, fillLedger, makeLedger, tempFolder } from './audit-harness.ts';
import { PIPE } from '../cli-harness.ts';

const ID = testUuid7(1);
const OTHER = testUuid7(2);
const REPLAY = testUuid7(3);
const NOWHERE = testUuid7(9);

const ATTEMPT = {
  slot: 'current',
  key_fingerprint: '0123456789ab',
  result: 'maybe_sent',
  reason: 'timeout',
  duration_ms: 15_000,
} as const;

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const REPLAY_TRACE = '0af7651916cd43dd8448eb211c80319c';

/** Request ID: records 1, 3, 4 and 6. */
const TRAIL = chained([
  { ...recordDraft('intent', ID, { expires_at: '2026-03-02T10:00:45.000Z' }), trace_id: TRACE },
  recordDraft('intent', OTHER),
  {
    ...recordDraft('outcome', ID, { result: 'unknown', reason: 'timeout', status: 504, attempts: [ATTEMPT] }),
    trace_id: TRACE,
  },
  recordDraft('reconciliation', ID, {
    result: 'accepted',
    settled_by: 'person',
    person: 'Ann Smith',
    note: 'listed since 10:02',
  }),
  recordDraft('outcome', OTHER),
  { ...recordDraft('replay', REPLAY, { first_request_id: ID, status: 200 }), trace_id: REPLAY_TRACE },
]);

const textsOf = (lines: readonly Line[]): string => lines.map(({ text }) => `${text}\n`).join('');

let folder: Folder;
let ledger: string;

beforeEach(async () => {
  folder = tempFolder();
  ledger = await makeLedger(folder.path('ledger.db'));
  await fillLedger(ledger, TRAIL);
});
afterEach(() => folder.remove());

const shown = (args: readonly string[], width = 80) =>
  audit(['show', ...args], { deps: { terminal: { ...PIPE, width: () => width } } });

interface Told {
  records: number[];
  conflicts: number[];
  damaged: { seq: number | null; place: string; why: string }[];
  events: { seq: number; event: string; message: string }[];
}

async function told(args: readonly string[]): Promise<Told & { code: number }> {
  const { code, stdout, stderr } = await shown([...args, '--json']);
  if (stdout === '') throw new Error(stderr);
  return { ...(JSON.parse(stdout) as Told), code };
}

describe('audit show', () => {
  it('tells the story of one request from the ledger, its settlement and the replays of its answer included', async () => {
    const { code, stdout } = await shown([ID, '--ledger', ledger], 120);
    expect(code).toBe(0);
    const [head = '', story = '', end = ''] = stdout.split('\n\n');
    expect(head.replaceAll('\n', ' ')).toBe(
      `Request ${ID} From the ledger ${ledger}: records 1, 3, 4, 6. Of each, text and hash agree. All times are UTC.`,
    );
    expect(story.split('\n')).toEqual([
      '2026-03-02 10:00:01.000       1  Subject ann of client hr-portal (issuer corp) asked to invite 1 address as user with',
      '                                 okta: new.colleague@acme.com. The request came from 192.0.2.7.',
      '2026-03-02 10:00:01.000       1  The policy sha256:abababababab… allowed the address by rule hr-staff.',
      '2026-03-02 10:00:01.000       1  The request was admitted, and this was on record before anything was sent. Without an',
      '                                 outcome it becomes unknown after 2026-03-02 10:00:45 UTC.',
      '2026-03-02 10:00:03.000       3  Galileo was asked with the current key (fingerprint 0123456789ab) and gave no complete',
      '                                 answer after 15.00 s, because Galileo did not answer in time.',
      '2026-03-02 10:00:03.000       3  The outcome was unknown, because Galileo did not answer in time: the invitation may or',
      '                                 may not have been done. The caller was answered with status 504.',
      '2026-03-02 10:00:04.000       4  Ann Smith settled it as accepted: "listed since 10:02".',
      '2026-03-02 10:00:06.000       6  The request was repeated with its Idempotency-Key, as request',
      `                                 ${REPLAY}, and got the stored answer (status 200). Nothing`,
      '                                 was sent.',
    ]);
    expect(end).toBe(
      `Policy sha256:${'ab'.repeat(32)}\nTrace ${TRACE}\nTrace ${REPLAY_TRACE}\n` +
        'Not checked: that no record is missing, and that none was changed together with its hash. For proof:\n' +
        `  galileo-invite-proxy audit verify --ledger ${ledger} --public-key FILE --checkpoint FILE\n`,
    );
  });

  it('wraps its sentences to the width of the terminal', async () => {
    for (const width of [60, 80, 200]) {
      const { stdout } = await shown([ID.toUpperCase(), '--ledger', ledger], width);
      const story = stdout.split('\n\n')[1]!.split('\n');
      expect(story.every((line) => line.length <= Math.max(width, 33 + ID.length + 1))).toBe(true);
    }
  });

  it('tells the same from delivered lines, in any form and order, repeats told once', async () => {
    const fromLedger = await told([ID, '--ledger', ledger]);
    const [first, ...rest] = TRAIL;
    const ocsf = TRAIL.map(({ text }) => formatItem('ocsf', { position: 0, kind: 'record', line: text })).join('\n');
    const files = {
      native: textsOf(TRAIL),
      repeated: textsOf([...TRAIL, ...TRAIL.slice(2), first!]),
      ocsf,
      cri: TRAIL.map(({ text }) => `2026-03-02T10:00:01.000000000Z stdout F ${text}\n`).join(''),
      stdout: TRAIL.map(({ text }) => `{"level":"info","channel":"audit","record":${text}}\n`).join(''),
      disordered: textsOf([...rest, first!]),
    };
    for (const [name, content] of Object.entries(files)) {
      const fromLines = await told([ID, '--lines', folder.write(name, content)]);
      expect([name, fromLines.events, fromLines.code]).toEqual([name, fromLedger.events, 0]);
    }
    const halves = [folder.write('a', textsOf(TRAIL.slice(3))), folder.write('b', textsOf(TRAIL.slice(0, 3)))];
    expect((await told([ID, ...halves.flatMap((file) => ['--lines', file])])).events).toEqual(fromLedger.events);
  });

  it('tells of a replay whose answer it was', async () => {
    const { events } = await told([REPLAY, '--ledger', ledger]);
    expect(events.map(({ event, seq }) => [event, seq])).toEqual([['replayed', 6]]);
  });

  it('names a damaged record with its place, does not show its content, and ends with exit 1', async () => {
    await alter(ledger, (database) => {
      database.exec(`UPDATE records SET line = replace(line, '"Ann Smith"', '"Bob Jones"') WHERE seq = 4`);
    });
    const { code, stdout } = await shown([ID, '--ledger', ledger], 200);
    expect(code).toBe(1);
    expect(stdout).toContain(
      'Damaged: record 4 at ledger seq 4 names this request, and its text and its hash disagree. Its content is not shown.\n',
    );
    expect(stdout).not.toContain('Bob Jones');
    expect(stdout).toContain('records 1, 3, 6. Of each');
    const lines = folder.write('lines', textsOf(TRAIL).replace('"Ann Smith"', '"Bob Jones"'));
    expect(await told([ID, '--lines', lines])).toMatchObject({
      code: 1,
      records: [1, 3, 6],
      damaged: [{ seq: 4, place: `${lines}:4`, why: 'its text and its hash disagree' }],
    });
  });

  it('names a record that is stored under another number, and two texts with one number', async () => {
    await alter(ledger, (database) => database.exec('UPDATE records SET seq = 9 WHERE seq = 3'));
    expect(await told([ID, '--ledger', ledger])).toMatchObject({
      code: 1,
      damaged: [{ seq: 9, place: 'ledger seq 9', why: 'it is record 3, stored under another number' }],
    });
    const honest = JSON.parse(TRAIL[3]!.text) as Record<string, unknown>;
    const changed: Record<string, unknown> = { ...honest, time: '2026-03-02T11:00:00.000Z', hash: undefined };
    const forged = canonicalJson({ ...changed, hash: sha256Hex(canonicalJson(changed)) });
    const lines = folder.write('two', `${textsOf(TRAIL)}${forged}\n`);
    expect(await told([ID, '--lines', lines])).toMatchObject({ code: 1, conflicts: [4], records: [1, 3, 4, 6] });
  });

  it('says where it looked, and why a request may not be there', async () => {
    const absent = await shown([NOWHERE, '--ledger', ledger]);
    expect(absent).toMatchObject({ code: 1, stdout: '' });
    expect(absent.stderr).toBe(
      `There is no record of request ${NOWHERE} in the ledger ${ledger} (records 1 to 6). Requests without a record of their own: ` +
        'what was refused before a decision (400 to 422, 401), and refusals, replays and dry runs beyond the limit of their ' +
        'subject, which are only counted.\n',
    );
    await alter(ledger, (database) => {
      database.exec(
        `UPDATE records SET line = 'x' WHERE seq = 2; DELETE FROM records WHERE seq = 1; UPDATE head SET base_seq = 1`,
      );
    });
    const pruned = await shown([NOWHERE, '--ledger', ledger]);
    expect(pruned.stderr).toContain(
      '(records 2 to 6). Retention dropped records 1 to 1: look into the delivered lines (--lines).',
    );
    expect(pruned.stderr).toContain('1 line is damaged, first ledger seq 2: it may be there.');
    const lines = folder.write('lines', textsOf(TRAIL));
    expect((await shown([NOWHERE, '--lines', lines])).stderr).toContain(
      `in the delivered lines of ${lines} (records 1 to 6).`,
    );
  });

  it('says that a restore may have left the request out', async () => {
    const backup = TRAIL.at(-1)!.item as RecordItem;
    const change = { what: 'restored', records: 6, head: backup.hash, backup_time: null } as const;
    const { service } = recordDraft('intent', OTHER);
    const restored = chained([
      ...TRAIL.map(({ text }) => draftOf(JSON.parse(text) as RequestRecord)),
      { kind: 'change', change, service },
    ]);
    await fillLedger(ledger, restored.slice(TRAIL.length));
    const said =
      'Record 7 says that the ledger was restored from a backup: what was recorded between that backup and the restore';
    expect((await shown([NOWHERE, '--ledger', ledger])).stderr).toContain(said);
    const lines = folder.write('lines', textsOf(restored));
    expect((await shown([NOWHERE, '--lines', lines])).stderr).toContain(said);
  });

  it('says of a request that was only counted which record counts it', async () => {
    const lines = folder.write('lines', textsOf(chained([suppressedDraft()])));
    const { code, stderr } = await shown([testUuid7(3), '--lines', lines]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      'Record 1 counts it among others that have no record of their own: audit search --outcome suppressed.',
    );
  });

  it('is not misled by a record that only names the request in a text of its caller', async () => {
    const draft = recordDraft('intent', OTHER);
    const naming = chained([{ ...draft, source: { address: null, user_agent: `"request_id":"${NOWHERE}"` } }]);
    expect(await shown([NOWHERE, '--lines', folder.write('lines', textsOf(naming))])).toMatchObject({
      code: 1,
      stdout: '',
    });
  });

  it('refuses what it does not understand', async () => {
    expect(await shown(['42'])).toMatchObject({ code: 64 });
    expect(await shown([ID, '--ledger', ledger, '--lines', 'x'])).toMatchObject({
      code: 64,
      stderr: 'give --ledger or --lines, not both\n',
    });
    expect(await shown([ID, '--lines', '-', '--lines', '-'])).toMatchObject({ code: 64 });
    expect(await shown([ID, '--ledger', folder.path('nowhere.db')])).toMatchObject({ code: 2 });
  });
});
