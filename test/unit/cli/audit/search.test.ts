import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRecordAddress } from '../../../../src/audit/record-address.ts';
import type { AnyDraft, RecordDraft } from '../../../../src/audit/record.ts';
import { auditPorts } from '../../../../src/cli/audit/ports.ts';
import { CommandError } from '../../../../src/cli/command-line/command-error.ts';
import type { CliDeps } from '../../../../src/cli/deps.ts';
import { testUuid7 } from '../../../support/clock.ts';
import { recordDraft, suppressedDraft } from '../../../support/ledger/ledger.ts';
import type { Line } from '../../audit/verify/trail-harness.ts';
import type { Folder } from './audit-harness.ts';
import { alter, audit, chained, fillLedger, makeLedger, tempFolder } from './audit-harness.ts';

const recordAddress = createRecordAddress({ kind: 'hmac', key: new Uint8Array(32) });

function invite(id: number, email: string, changes: Partial<RecordDraft> = {}): RecordDraft {
  const draft = recordDraft('intent', testUuid7(id));
  return { ...draft, request: { ...draft.request, emails: [email] }, ...changes };
}

/** Record n is n seconds after 2026-03-02T10:00:00Z. */
const DRAFTS: readonly AnyDraft[] = [
  invite(1, 'Ann@acme.com'),
  invite(2, 'bob@acme.com', { actor: { ...invite(2, '').actor, subject: 'bo', client_id: 'other-app' } }),
  recordDraft('outcome', testUuid7(1), { result: 'unknown' }),
  recordDraft('denial', testUuid7(3), { code: 'policy_denied' }),
  suppressedDraft(),
];

let folder: Folder;
let ledger: string;
let trail: Line[];

beforeEach(async () => {
  folder = tempFolder();
  trail = chained(DRAFTS);
  ledger = await makeLedger(folder.path('ledger.db'));
  await fillLedger(ledger, trail);
});
afterEach(() => folder.remove());

const textsOf = (lines: readonly Line[]): string => lines.map(({ text }) => `${text}\n`).join('');

async function searched(args: readonly string[], deps: Partial<CliDeps> = {}) {
  const ran = await audit(['search', '--format', 'native', ...args], { deps });
  const seqs = ran.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { seq: number }).seq);
  return { ...ran, seqs };
}

const FILTERS: readonly (readonly [readonly string[], readonly number[]])[] = [
  [[], [1, 2, 3, 4, 5]],
  [['--email', 'ann@ACME.com'], [1]],
  [['--subject', 'bo'], [2]],
  [['--client-id', 'other-app'], [2]],
  [
    ['--kind', 'intent'],
    [1, 2],
  ],
  [['--kind', 'suppressed', '--outcome', 'denied'], [5]],
  [['--outcome', 'unknown'], [3]],
  [
    ['--outcome', 'denied'],
    [4, 5],
  ],
  [['--rule', 'never-invite'], [5]],
  [
    ['--request-id', testUuid7(1).toUpperCase()],
    [1, 3],
  ],
  [
    ['--from', '2026-03-02T10:00:02Z', '--to', '2026-03-02T10:00:04Z'],
    [2, 3],
  ],
  [
    ['--month', '2026-03'],
    [1, 2, 3, 4, 5],
  ],
  [['--month', '2026-03', '--outcome', 'admitted', '--client-id', 'hr-portal'], [1]],
];

describe('audit search', () => {
  it.each(FILTERS)(
    'with %j prints the matching lines as they are stored, from a ledger and from lines',
    async (args, seqs) => {
      const fromLedger = await searched([...args, '--ledger', ledger]);
      expect([fromLedger.code, fromLedger.seqs, fromLedger.stderr]).toEqual([0, seqs, '']);
      expect(fromLedger.stdout).toBe(textsOf(trail.filter((_, index) => seqs.includes(index + 1))));
      // Delivered twice, in another form.
      const lines = trail
        .flatMap(({ text }) => [text, text])
        .map((text) => `{"level":"info","channel":"audit","record":${text}}\n`);
      const fromLines = await searched([...args, '--lines', folder.write('lines', lines.join(''))]);
      expect(fromLines.stdout).toBe(fromLedger.stdout);
    },
  );

  it('finds all matches of a trail that is longer than one page, in order', async () => {
    const many = chained(
      Array.from({ length: 3_000 }, (_, n) => invite(n + 1, n % 2 === 0 ? 'ann@acme.com' : 'bob@acme.com')),
    );
    ledger = await makeLedger(folder.path('many.db'));
    await fillLedger(ledger, many);
    const { seqs } = await searched(['--email', 'ann@acme.com', '--ledger', ledger]);
    expect(seqs).toEqual(Array.from({ length: 1_500 }, (_, n) => 2 * n + 1));
  });

  it('says on stderr that there are none, and leaves stdout empty', async () => {
    for (const source of [
      ['--ledger', ledger],
      ['--lines', folder.write('lines', textsOf(trail))],
    ])
      expect(await searched(['--email', 'eve@acme.com', ...source])).toMatchObject({
        code: 0,
        stdout: '',
        stderr: '0 records\n',
      });
  });

  it('looks for an address in the form in which the service records it, or in the form of the trail', async () => {
    const form = recordAddress('ann@acme.com');
    trail = chained([invite(1, form), invite(2, recordAddress('bob@acme.com'))]);
    ledger = await makeLedger(folder.path('hmac.db'));
    await fillLedger(ledger, trail);
    const openRecordAddress = async () => recordAddress;
    expect((await searched(['--email', 'Ann@acme.com', '--ledger', ledger], { openRecordAddress })).seqs).toEqual([1]);
    expect((await searched(['--email', form, '--ledger', ledger])).seqs).toEqual([1]);
    const lines = folder.write('lines', textsOf(trail));
    expect((await searched(['--email', 'Ann@acme.com', '--lines', lines], { openRecordAddress })).seqs).toEqual([1]);
    for (const source of [
      ['--ledger', ledger],
      ['--lines', lines],
    ])
      expect((await searched(['--email', 'ann@acme.com', ...source])).stderr).toBe(
        '0 records\nThe addresses in this trail are HMACs: set AUDIT_EMAILS=hmac and AUDIT_HMAC_KEY_FILE as the service does.\n',
      );
    const refused = await searched(['--email', 'ann@acme.com', '--ledger', ledger], {
      openRecordAddress: () =>
        Promise.reject(new CommandError('refused', 'AUDIT_HMAC_KEY_FILE names a file that is not there')),
    });
    expect(refused).toMatchObject({ code: 2, stdout: '' });
  });

  it('reads the address from stdin, so that it is not in the history of the shell', async () => {
    const stdin = (text: string): Partial<CliDeps> => ({
      audit: {
        ...auditPorts,
        readBytes: (path) => (path === '-' ? Readable.from([Buffer.from(text)]) : auditPorts.readBytes(path)),
      },
    });
    expect(
      (await searched(['--email', '-', '--ledger', ledger], stdin(' ann@acme.com \r\nbob@acme.com\n'))).seqs,
    ).toEqual([1]);
    expect(await searched(['--email', '-', '--ledger', ledger], stdin(''))).toMatchObject({ code: 64 });
    expect(await searched(['--email', '-', '--lines', '-'], stdin('ann@acme.com'))).toMatchObject({
      code: 64,
      stderr: 'stdin can be read only once\n',
    });
  });

  it('names records that cannot be read, because they may match, and ends with exit 1', async () => {
    await alter(ledger, (database) => {
      database.exec(
        `UPDATE records SET line = substr(line, 1, 40) WHERE seq = 2; UPDATE records SET line = 'x' WHERE seq = 4`,
      );
    });
    expect(await searched(['--outcome', 'unknown', '--ledger', ledger])).toMatchObject({
      code: 1,
      seqs: [3],
      stderr: '2 records cannot be read (first ledger seq 2): it is not known whether they match\n',
    });
    const lines = folder.write('lines', textsOf(trail).replace('"seq":4', '"seq":44'));
    expect(await searched(['--outcome', 'unknown', '--lines', lines])).toMatchObject({
      code: 1,
      seqs: [3],
      stderr: `1 record cannot be read (first ${lines}:4): it is not known whether it matches\n`,
    });
  });

  it('prints text for people when no format is asked for', async () => {
    const { stdout } = await audit(['search', '--email', 'ann@acme.com', '--ledger', ledger]);
    expect(stdout).toMatch(
      /^2026-03-02T10:00:01\.000Z {9}1 {2}intent {10}admitted {4}hr-portal {9}ann {15}invite 1 address as user with okta: Ann@acme\.com, /,
    );
    expect((await audit(['search', '--format', 'ocsf', '--ledger', ledger])).stdout.split('\n')[0]).toContain(
      '"class_uid":6003',
    );
  });

  it('ends well when its stdout is closed', async () => {
    let calls = 0;
    const print = async () => {
      calls += 1;
      return 'closed' as const;
    };
    for (const source of [
      ['--ledger', ledger],
      ['--lines', folder.write('lines', textsOf(trail))],
    ]) {
      calls = 0;
      expect(await searched(source, { print })).toMatchObject({ code: 0, stderr: '' });
      expect(calls).toBe(1);
    }
  });

  it.each([
    [['--month', '2026-13'], '--month is a month like 2026-05'],
    [['--month', '2026-5'], '--month is a month like 2026-05'],
    [['--month', '2026-05', '--from', '2026-05-01'], '--month is a whole month: leave it out, or --from and --to'],
    [['--month', '2026-05', '--to', '2026-05-01'], '--month is a whole month: leave it out, or --from and --to'],
    [['--from', 'yesterday'], '--from is a date like 2026-05-01 or a time like 2026-05-01T00:00:00Z'],
    [['--request-id', '42'], '--request-id: request_id must be a UUID with dashes'],
    [
      ['--email', 'Ann Smith'],
      '--email: email must be a plain address such as ann@acme.com, or its form in the trail (hmac-sha256:…)',
    ],
    [['--outcome', 'done'], expect.stringMatching(/^--outcome: .*"accepted"/)],
    [['--format', 'cef'], '--format is native, ocsf or text'],
    [['--lines', 'x', '--ledger', 'y'], 'give --ledger or --lines, not both'],
  ])('refuses %j with a sentence', async (args, sentence) => {
    const { code, stderr, stdout } = await audit(['search', ...args]);
    expect([code, stdout, stderr.trimEnd()]).toEqual([64, '', sentence]);
  });
});
