/** `audit verify` on files as collectors keep them, and against a ledger: its output and its exit code. */
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { formatItem } from '../../../../src/audit/format/formats.ts';
import type { AuditFormat } from '../../../../src/audit/format/formats.ts';
import type { OutboxItem } from '../../../../src/audit/delivery/sink.ts';
import { createLogger, createStdoutSink } from '../../../../src/platform/node/telemetry/logger.ts';
import type { CliDeps } from '../../../../src/cli/deps.ts';
import { PIPE } from '../cli-harness.ts';
import type { Line, TestKey, TestTrail } from '../../audit/verify/trail-harness.ts';
import { testKey, trailOf } from '../../audit/verify/trail-harness.ts';
import type { Folder } from './audit-harness.ts';
import { alter, audit, fillLedger, makeLedger, setHead, tempFolder, verified } from './audit-harness.ts';

let folder: Folder;
let key: TestKey;
/** 30 records and a checkpoint. */
let trail: TestTrail;

beforeAll(async () => {
  key = await testKey(7);
  trail = await trailOf(30, { signer: key.signer });
});
beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => folder.remove());

const textOf = (lines: readonly Line[]): string => lines.map(({ text }) => `${text}\n`).join('');
const itemsOf = (lines: readonly Line[]): OutboxItem[] =>
  lines.map(({ item, text }, index) => ({
    position: index,
    kind: item.kind === 'checkpoint' ? 'checkpoint' : 'record',
    line: text,
  }));

/** The service's stdout: audit lines with log lines between. */
async function stdoutOf(lines: readonly Line[], format: AuditFormat): Promise<string> {
  const written: string[] = [];
  const output = {
    line: (text: string) => void written.push(text),
    write: async (text: string) => void written.push(text),
  };
  const logger = createLogger({ level: 'info', service: { name: 'x', version: '0', instance: 'i' } }, output);
  const sink = createStdoutSink(output, format);
  for (const item of itemsOf(lines)) {
    logger.info('request', { digest: 'ab'.repeat(32) });
    await sink.write([item]);
  }
  return written.join('');
}

describe('audit verify of delivered lines', () => {
  it('takes every shape in which they are delivered, plain and packed', async () => {
    const native = textOf(trail.lines);
    const ocsf = itemsOf(trail.lines)
      .map((item) => `${formatItem('ocsf', item)}\n`)
      .join('');
    const half = Math.floor(native.length / 2);
    const shapes: Readonly<Record<string, string | Uint8Array>> = {
      native,
      ocsf,
      'without a last line end': native.trimEnd(),
      'with CRLF and empty lines': native.replaceAll('\n', '\r\n\r\n'),
      gzip: gzipSync(native),
      'gzip in two members': Buffer.concat([gzipSync(native.slice(0, half)), gzipSync(native.slice(half))]),
      'stdout, native': await stdoutOf(trail.lines, 'native'),
      'stdout, ocsf': `(node:1) Warning: something\n${await stdoutOf(trail.lines, 'ocsf')}`,
    };
    for (const [shape, content] of Object.entries(shapes)) {
      const { code, report } = await verified(['--lines', folder.write('lines', content)]);
      expect([shape, code, report.ledger]).toEqual([shape, 0, null]);
      expect(report.lines).toMatchObject({ verdict: 'intact', records: 30, checkpoints: 1, findings: [] });
      expect([shape, report.lines?.skipped]).toEqual([
        shape,
        shape.startsWith('stdout, o') ? 32 : shape.startsWith('stdout') ? 31 : 0,
      ]);
    }
  });

  it('names file and line of what was changed, also where no text is left', async () => {
    const lines = trail.lines.map(({ text }) => text);
    const notText = Buffer.from(textOf(trail.lines), 'utf8');
    notText[notText.indexOf('"ann"') + 1] = 0xff;
    const cut = lines.with(3, lines[3]!.slice(0, -40)).join('\n');
    const far = `${lines.slice(0, 4).join('\n')}\n${'x'.repeat(5 * 1024 * 1024)}\n${lines.slice(5).join('\n')}`;
    const cases: readonly (readonly [string | Uint8Array, string])[] = [
      [lines.with(3, lines[3]!.replace('ann', 'eve')).join('\n'), 'edited 4 @ FILE:4'],
      [notText, 'unreadable 1 @ FILE:1'],
      [cut, 'unreadable 4 @ FILE:4'],
      [far, 'missing 5 @ FILE:6'],
      [`${lines.slice(0, 3).join('\n')}\nx\ufeff${lines.slice(3).join('\n')}`, 'unread_form 4 @ FILE:4'],
      [
        (await stdoutOf(trail.lines, 'ocsf')).replace('\\"subject\\":\\"ann', '\\"subject\\":\\"eve'),
        'edited 1 @ FILE:2',
      ],
      [lines.toSpliced(3, 1).join('\n'), 'missing 4 @ FILE:4'],
      [lines.with(3, `{"record":${lines[3]!.replace('ann', 'eve')},"ocsf":{}}`).join('\n'), 'unreadable 4 @ FILE:4'],
      [(await stdoutOf(trail.lines, 'ocsf')).replace('"uid":"ann', '"uid":"eve'), 'disguised 1 @ FILE:2'],
      [
        (await stdoutOf(trail.lines, 'ocsf')).replace('"Checkpoint of the audit trail"', '""'),
        'checkpoint_edited 30 @ FILE:62',
      ],
    ];
    for (const [content, expected] of cases) {
      const file = folder.write('lines', content);
      expect(await verified(['--lines', file])).toMatchObject({ code: 1, found: [expected.replace('FILE', file)] });
    }
  });

  it('says that there is nothing in a file without records', async () => {
    const file = folder.write('lines', '{"level":"info"}\nhello\n');
    expect(await verified(['--lines', file])).toMatchObject({ code: 1, found: ['empty - @ delivered lines'] });
  });

  it('holds them against a checkpoint kept elsewhere, in any file of delivered lines', async () => {
    const kept = folder.write('kept', await stdoutOf(trail.lines.slice(-2), 'ocsf'));
    const whole = folder.write('whole', textOf(trail.lines));
    const short = folder.write('short', textOf(trail.lines.slice(0, 20)));
    expect((await verified(['--lines', whole, '--checkpoint', kept])).report.lines).toMatchObject({ vouched_to: 30 });
    expect(await verified(['--lines', short, '--checkpoint', kept])).toMatchObject({
      code: 1,
      found: [`truncated 21-30 @ ${short}:20`],
    });
  });

  it('says which records are not there when they begin later, and finds that with --whole', async () => {
    const late = folder.write('late', textOf(trail.lines.slice(20)));
    const kept = folder.write('kept', trail.checkpoints.join('\n'));
    const key30 = ['--public-key', folder.write('key.pem', key.publicPem)];
    const { code, stdout } = await audit(['verify', '--lines', late, '--checkpoint', kept, ...key30]);
    expect([code, stdout]).toEqual([
      0,
      'intact Delivered lines: records 21 to 30 (10), 1 checkpoint\n' +
        '  Proven: records 21 to 30 are unchanged since 1 checkpoint was signed with a given key\n' +
        '  Proven: records 21 to 30 are unchanged since a checkpoint was kept elsewhere\n' +
        '  Proven: nothing was cut off before record 30; of later records a cut would not show\n' +
        '  Records 1 to 20 are not here; no checkpoint kept elsewhere vouches for record 20, which the rest continues\n' +
        '  Read 11 lines: 11 of the trail (11 plain), 0 other lines\n',
    ]);
    const { report } = await verified(['--lines', late, '--checkpoint', kept]);
    expect(report.lines).toMatchObject({ not_here: { from: 1, to: 20 }, vouched_to: 30, signed_to: null });
    expect(await verified(['--lines', late, '--checkpoint', kept, '--whole'])).toMatchObject({
      code: 1,
      found: [`missing 1-20 @ ${late}:1`],
    });
  });

  it('takes no signature for a word about the end', async () => {
    const lines = folder.write('lines', textOf(trail.lines));
    const own = folder.write('own.pem', key.publicPem);
    const { stdout } = await audit(['verify', '--lines', lines, '--public-key', own]);
    expect(stdout).toContain('Proven: records 1 to 30 are unchanged since 1 checkpoint was signed with a given key');
    expect(stdout).toContain('Not proven: that nothing was cut off at the end; give --checkpoint');
  });

  it('checks signatures when it is given a key', async () => {
    const lines = folder.write('lines', textOf(trail.lines));
    const own = folder.write('own.pem', key.publicPem);
    const other = folder.write('other.pem', (await testKey(9)).publicPem);
    expect((await verified(['--lines', lines])).report.lines?.signatures).toMatchObject({ unchecked: 1 });
    expect((await verified(['--lines', lines, '--public-key', own])).report.lines?.signatures).toMatchObject({
      valid: 1,
    });
    expect(await verified(['--lines', lines, '--public-key', other])).toMatchObject({
      code: 1,
      found: [`signature_unknown_key 30 @ ${lines}:31`],
    });
  });
});

describe('audit verify of a ledger', () => {
  it('takes the one of LEDGER_URL when none is named', async () => {
    const path = await makeLedger(folder.path('ledger.db'));
    await fillLedger(path, trail.lines);
    const { code, stdout } = await audit(['verify'], { env: { LEDGER_URL: `sqlite:${path}` } });
    expect([code, stdout]).toEqual([
      0,
      'intact Ledger: records 1 to 30 (30), 1 checkpoint\n' +
        '  Not proven: records 1 to 30 are behind every signed or kept checkpoint: a rewrite would not show\n' +
        '  Not proven: that nothing was cut off at the end; give --checkpoint\n' +
        '\n' +
        '  Not checked: 1 signature; give --public-key\n' +
        '  Not checked: 1 policy that records name and the ledger does not keep (abababababab)\n',
    ]);
  });

  it('holds it against delivered lines, of which each may lack some', async () => {
    const path = await makeLedger(folder.path('ledger.db'));
    await fillLedger(path, trail.lines);
    const part = folder.write('part', textOf(trail.lines.slice(5, 20)));
    const kept = folder.write('kept', trail.checkpoints.join('\n'));
    const both = ['--ledger', path, '--lines', part, '--checkpoint', kept];
    expect(await verified(both)).toMatchObject({ code: 0, report: { lines: { from: 6, to: 20 }, ledger: { to: 30 } } });

    await alter(path, (database) => {
      database.exec('DELETE FROM records WHERE seq > 15; DELETE FROM checkpoints');
      const { item } = trail.lines[14]!;
      if (item.kind === 'record') setHead(database, item);
    });
    expect(await verified(['--ledger', path, '--lines', part])).toMatchObject({
      code: 1,
      found: ['truncated 16-20 @ ledger seq 15'],
    });
  });

  it('verifies beside a reader that holds it, and changes nothing', async () => {
    const path = await makeLedger(folder.path('ledger.db'));
    await fillLedger(path, trail.lines);
    await alter(path, async (database) => {
      database.exec('PRAGMA journal_mode = WAL; BEGIN IMMEDIATE');
      expect((await verified(['--ledger', path])).code).toBe(0);
      database.exec('ROLLBACK');
    });
  });
});

describe('what audit verify prints', () => {
  it('names each fault with its place, and quotes nothing', async () => {
    const lines = trail.lines.map(({ text }) => text);
    const file = folder.write('lines', lines.with(3, lines[3]!.replace('ann', 'eve')).toSpliced(9, 2).join('\n'));
    const { code, stdout, stderr } = await audit(['verify', '--lines', file]);
    expect(code).toBe(1);
    expect(stdout).toBe(
      'broken Delivered lines: records 1 to 30 (27), 1 checkpoint, 2 faults\n' +
        '\n' +
        `  ${'place'.padEnd(file.length + 3)}  what     why\n` +
        `  ${file}:4   edited   Record 4 was edited: text and hash disagree.\n` +
        `  ${file}:10  missing  Records 10 to 11 are missing before this place.\n` +
        '\n' +
        '  Not proven: that nothing was cut off at the end; give --checkpoint\n' +
        '  Read 29 lines: 29 of the trail (29 plain), 0 other lines\n' +
        '\n' +
        '  Not checked: 1 signature; give --public-key\n',
    );
    expect(stdout + stderr).not.toMatch(/ann|eve|acme|[0-9a-f]{64}/);
  });

  it('shows the first faults and how many more there are', async () => {
    const many = await trailOf(200);
    const records = many.lines.filter(({ item }) => item.kind === 'record');
    const file = folder.write('lines', textOf(records.filter((_line, index) => index % 2 === 0)));
    const { stdout } = await audit(['verify', '--lines', file]);
    expect(stdout.match(/ {2}missing {2}/g)).toHaveLength(50);
    expect(stdout).toContain('… and 49 more (--json lists up to 1,000)');
  });

  it('wraps to the width of the terminal, each sentence in its column, and keeps a long path whole', async () => {
    const lines = trail.lines.map(({ text }) => text);
    const file = folder.write('lines', lines.with(3, lines[3]!.replace('ann', 'eve')).join('\n'));
    const terminal = { ...PIPE, width: () => 60 };
    const { stdout } = await audit(['verify', '--lines', file], { deps: { terminal } });
    expect(stdout).toBe(
      'broken Delivered lines: records 1 to 30 (29), 1 checkpoint, 1 fault\n' +
        '\n' +
        '  place                         what    why\n' +
        `  ${file}:4\n` +
        '                                edited  Record 4 was edited:\n' +
        '                                        text and hash\n' +
        '                                        disagree.\n' +
        '\n' +
        '  Not proven: that nothing was cut off at the end; give\n' +
        '    --checkpoint\n' +
        '  Read 31 lines: 31 of the trail (31 plain), 0 other lines\n' +
        '\n' +
        '  Not checked: 1 signature; give --public-key\n',
    );
  });

  it('colours the verdict and the places, and only as the terminal paints', async () => {
    const file = folder.write('lines', textOf(trail.lines).replace('ann', 'eve'));
    const painted: string[] = [];
    const paint: CliDeps['paint'] = (style, text) => {
      painted.push(`${style} ${text}`);
      return text;
    };
    await audit(['verify', '--lines', file], { deps: { paint } });
    expect(painted).toEqual(['red broken', 'bold Delivered lines', `bold ${file}:1`]);
  });
});

describe('audit verify when nothing can be said', () => {
  const refused = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await audit(['verify', ...args]);
    expect(stdout).toBe('');
    return `${code} ${stderr.trimEnd()}`;
  };

  it('exits 2 with a sentence', async () => {
    const lines = folder.write('lines', textOf(trail.lines));
    const packed = folder.write('cut.gz', gzipSync(textOf(trail.lines)).subarray(0, 400));
    const empty = folder.write('empty', 'hello\n');
    const damaged = folder.write('damaged', trail.checkpoints[0]!.replace('"count"', '"cuont"'));
    const secret = folder.write('secret.pem', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n');
    const nowhere = folder.path('nowhere');
    expect(await refused('--lines', nowhere)).toBe(`2 ${nowhere} cannot be read (ENOENT)`);
    expect(await refused('--lines', packed)).toBe(`2 ${packed} cannot be read to its end`);
    expect(await refused('--ledger', nowhere)).toBe(`2 the ledger ${nowhere} is not there`);
    expect(await refused('--ledger', lines)).toMatch(/^2 the ledger .* is no database$/);
    expect(await refused('--lines', lines, '--checkpoint', empty)).toBe(`2 ${empty} holds no checkpoint`);
    expect(await refused('--lines', lines, '--checkpoint', damaged)).toBe(`2 ${damaged}:1 is a damaged checkpoint`);
    expect(await refused('--lines', lines, '--public-key', nowhere)).toBe(`2 ${nowhere} cannot be read`);
    expect(await refused('--lines', lines, '--public-key', secret)).toMatch(/^2 \S+ holds a private key, /);
  });

  it('exits 64 when stdin is named twice', async () => {
    expect(await refused('--lines', '-', '--checkpoint', '-')).toBe('64 stdin can be read only once');
  });
});
