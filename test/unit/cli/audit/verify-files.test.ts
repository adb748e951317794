/** `audit verify --lines` on files as Windows, rotation and log systems leave them, and what it says that it read. */
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cri, dockerJson, piecesOf } from '../../../support/audit/log-forms.ts';
import { onStdout } from '../../../support/audit/line-harness.ts';
import type { TestTrail } from '../../audit/verify/trail-harness.ts';
import { trailOf } from '../../audit/verify/trail-harness.ts';
import type { Folder } from './audit-harness.ts';
import { audit, tempFolder, verified } from './audit-harness.ts';

let folder: Folder;
/** 30 records and a checkpoint. */
let trail: TestTrail;
let stdout: readonly string[] = [];
let text = '';

beforeAll(async () => {
  trail = await trailOf(30);
  stdout = trail.lines.map(onStdout);
  text = stdout.map((line) => `${line}\n`).join('');
});
beforeEach(() => {
  folder = tempFolder();
});
afterEach(() => folder.remove());

const OPERATIONAL = JSON.stringify({ level: 'info', channel: 'ops', event: 'started' });
const utf16 = (content: string): Buffer => Buffer.from(`\ufeff${content}`, 'utf16le');

describe('audit verify of a file', () => {
  it.each<readonly [string, () => string | Uint8Array]>([
    ['UTF-8 with a byte order mark', () => `\ufeff${text}`],
    ['two such files joined', () => `\ufeff${text}\ufeff${OPERATIONAL}\n`],
    ['UTF-16, as PowerShell writes it', () => utf16(text.replaceAll('\n', '\r\n'))],
    ['UTF-16, most significant byte first', () => utf16(text).swap16()],
    ['UTF-16 and gzip', () => gzipSync(utf16(text))],
    ['NULs that a truncated file begins with', () => `${'\0'.repeat(100_000)}${text}`],
    ['no line end at the end', () => text.trimEnd()],
    ['blanks between lines', () => text.replaceAll('\n', '\n\n')],
  ])('reads it as the text it holds: %s', async (_name, content) => {
    const { code, found, report } = await verified(['--lines', folder.write('lines', content())]);
    expect({ code, found }).toEqual({ code: 0, found: [] });
    expect(report.lines).toMatchObject({ records: 30, checkpoints: 1 });
  });

  it('finds an edit in UTF-16, too', async () => {
    const file = folder.write('lines', utf16(text.replace('new.colleague', 'old.colleague')));
    expect(await verified(['--lines', file])).toMatchObject({ code: 1, found: [`edited 1 @ ${file}:1`] });
  });

  it.each<readonly [string, Uint8Array, string]>([
    ['zip', Buffer.from('PK\u0003\u0004xxxx'), 'is a zip archive: unpack it first'],
    ['xz', Buffer.from('fd377a585a0000', 'hex'), 'is compressed with xz: unpack it first (xz -dc FILE)'],
    ['zstd', zstdCompressSync('x'), 'is compressed with zstd: unpack it first (zstd -dc FILE)'],
    ['bzip2', Buffer.from('BZh91AY'), 'is compressed with bzip2: unpack it first (bzip2 -dc FILE)'],
    ['tar', Buffer.concat([Buffer.alloc(257, 'x'), Buffer.from('ustar')]), 'is a tar archive: unpack it first'],
    ['a journal', Buffer.from('LPKSHHRH0000'), 'is a journal of systemd: export it with journalctl -o cat'],
    ['a ledger', Buffer.from('SQLite format 3\0'), 'is a SQLite database: name a ledger with --ledger'],
    [
      'Docker’s local driver',
      Buffer.from('\0\0\0\u0030\u000a\u0006stdout'),
      'is a log of Docker’s local driver: export it with docker logs',
    ],
  ])('refuses what is no text by name: %s', async (_name, content, sentence) => {
    const file = folder.write('lines', content);
    const { code, stderr } = await audit(['verify', '--lines', file]);
    expect([code, stderr.trimEnd()]).toEqual([2, `${file} ${sentence}`]);
  });

  it('takes text that is not UTF-8 for what it is, and for damage where it is ours', async () => {
    const latin = Buffer.from('caf\u00e9 closed\n', 'latin1');
    const file = folder.write('lines', Buffer.concat([latin, Buffer.from(text)]));
    expect(await verified(['--lines', file])).toMatchObject({
      code: 0,
      report: { lines: { read: { others: [{ what: 'not_utf8', lines: 1, first: `${file}:1` }] } } },
    });
    const ours = Buffer.from(text.replace('"ann"', '"\u00e9"'), 'latin1');
    expect(await verified(['--lines', folder.write('lines', ours)])).toMatchObject({
      code: 1,
      found: [`unreadable 1 @ ${file}:1`],
    });
  });
});

describe('audit verify of several files', () => {
  const args = (...files: readonly string[]) => files.flatMap((file) => ['--lines', file]);

  it('reads them in the order of their records, in whatever order they are named', async () => {
    const newest = folder.write('out.log', stdout.slice(20).join('\n'));
    const middle = folder.write('out.log.1', `${OPERATIONAL}\n${stdout.slice(9, 20).join('\n')}\n`);
    const quiet = folder.write('out.log.2', `${OPERATIONAL}\n`);
    const oldest = folder.write('out.log.3.gz', gzipSync(stdout.slice(0, 9).join('\n')));
    for (const files of [
      [newest, middle, quiet, oldest],
      [oldest, middle, newest],
      [middle, oldest, newest],
    ]) {
      const { code, found, report } = await verified(args(...files));
      expect({ code, found }).toEqual({ code: 0, found: [] });
      expect(report.lines?.read.files.filter((file) => file !== quiet)).toEqual([oldest, middle, newest]);
    }
  });

  it('still finds records out of order inside of one', async () => {
    const first = folder.write('a', `${stdout.slice(0, 9).join('\n')}\n`);
    const second = folder.write('b', stdout.slice(9).with(3, stdout[13]!).with(4, stdout[12]!).join('\n'));
    expect(await verified(args(second, first))).toMatchObject({ code: 1, found: [`misplaced 14 @ ${second}:4`] });
  });

  it('joins a line that rotation cut between two of them', async () => {
    const half = folder.write('a', text.slice(0, Math.floor(text.length / 2)));
    const rest = folder.write('b', text.slice(Math.floor(text.length / 2)));
    expect(await verified(args(half, rest))).toMatchObject({ code: 0, found: [], report: { lines: { records: 30 } } });
    const lines = stdout.flatMap((line) => {
      const pieces = piecesOf(line, 400);
      return pieces.map((piece, index) => cri(piece, index === pieces.length - 1 ? 'F' : 'P'));
    });
    const one = folder.write('c', `${lines.slice(0, 10).join('\n')}\n`);
    const two = folder.write('d', `${lines.slice(10).join('\n')}\n`);
    expect(await verified(args(two, one))).toMatchObject({ code: 0, found: [], report: { lines: { records: 30 } } });
  });
});

describe('what audit verify says that it read', () => {
  it('names the forms, and what else there was with the first place of each', async () => {
    const lines = [OPERATIONAL, ...stdout.slice(0, 20).map((line) => cri(line, 'F')), cri('hello', 'F', 'stderr')];
    const migrated = [...stdout.slice(20).map((line) => dockerJson(`${line}\n`)), OPERATIONAL];
    const file = folder.write('lines', [...lines, ...migrated].join('\n'));
    const { code, stdout: printed } = await audit(['verify', '--lines', file]);
    expect([code, printed]).toEqual([
      0,
      'intact Delivered lines: records 1 to 30 (30), 1 checkpoint\n' +
        '  Not proven: records 1 to 30 are behind every signed or kept checkpoint: a rewrite would not show\n' +
        '  Not proven: that nothing was cut off at the end; give --checkpoint\n' +
        '  Read 34 lines: 31 of the trail (20 CRI, 11 Docker json-file), 3 other lines\n' +
        `    2 operational lines of the service, first ${file}:1\n` +
        `    1 line of text, first ${file}:22\n`,
    ]);
    expect((await verified(['--lines', file])).report.lines).toMatchObject({
      skipped: 3,
      read: {
        lines: 34,
        forms: [
          { form: 'CRI', lines: 20 },
          { form: 'Docker json-file', lines: 11 },
        ],
        others: [
          { what: 'operational', lines: 2, first: `${file}:1` },
          { what: 'text', lines: 1, first: `${file}:22` },
        ],
      },
    });
  });

  it('says of a record in a form that it does not read what to do', async () => {
    const file = folder.write('lines', stdout.with(3, `note: ${stdout[3]!}`).join('\n'));
    const { code, stdout: printed } = await audit(['verify', '--lines', file]);
    expect(code).toBe(1);
    expect(printed).toContain(
      `  ${file}:4  unread form  Record 4 is here in a form that this program does not read, so it was not verified. ` +
        'Pass the line as the service wrote it.\n',
    );
    expect(printed).not.toContain('edited');
  });

  it('reads stdin, from kubectl for example', async () => {
    const file = folder.write('lines', stdout.map((line) => `[pod/proxy-0/proxy] ${line}`).join('\n'));
    const { auditPorts } = await import('../../../../src/cli/audit/ports.ts');
    const readBytes = (path: string) => auditPorts.readBytes(path === '-' ? file : path);
    const { code, stdout: printed } = await audit(['verify', '--lines', '-'], {
      deps: { audit: { ...auditPorts, readBytes } },
    });
    expect([code, printed]).toEqual([
      0,
      expect.stringContaining('31 of the trail (31 kubectl --prefix), 0 other lines'),
    ]);
  });
});
