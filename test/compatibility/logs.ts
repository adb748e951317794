import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, onTestFinished } from 'vitest';
import { cri, dockerJson, LOG_FORMS, piecesOf } from '../support/audit/log-forms.ts';
import { mixedTrail, onStdout } from '../support/audit/line-harness.ts';
import { audit, tempFolder, verified } from '../unit/cli/audit/audit-harness.ts';
import type { Chapter, Situation } from './situation.ts';

const OPERATIONAL = JSON.stringify({ level: 'info', channel: 'ops', event: 'request' });

/** Files of log lines, as runtimes, collectors, log stores and operating systems leave them. */
export const LOGS: Chapter = {
  title: 'Logs as runtimes write them',
  about:
    'Files and streams that `audit verify --lines` is given. They hold the service’s stdout: audit lines, one of them 40 kB ' +
    'long, with operational lines between. An edited record is found in every form.',
  situations: [...LOG_FORMS.map(formSituation), ...fileSituations()],
};

function formSituation({ product, sends, reported, wrap }: (typeof LOG_FORMS)[number]): Situation {
  return {
    product,
    sends,
    does: `Verifies each record; the report names the form (\`${reported}\`).`,
    async check() {
      const lines = (await stdout()).flatMap((line) => [OPERATIONAL, line]);
      const { code, report } = await verifiedFile(text(lines.flatMap(wrap)));
      expect(code).toBe(0);
      expect(report.lines).toMatchObject({ records: 3, checkpoints: 1, read: { forms: [{ form: reported }] } });
      const edited = lines.map((line) => line.replace('new.colleague', 'old.colleague'));
      expect(await verifiedFile(text(edited.flatMap(wrap)))).toMatchObject({ code: 1 });
    },
  };
}

function fileSituations(): readonly Situation[] {
  const reads = (
    product: string,
    sends: string,
    does: string,
    content: (lines: readonly string[]) => string | Buffer,
  ) => ({
    product,
    sends,
    does,
    check: async () => {
      const { code, report } = await verifiedFile(content(await stdout()));
      expect(code).toBe(0);
      expect(report.lines).toMatchObject({ records: 3, checkpoints: 1 });
    },
  });
  const says = (product: string, sends: string, does: string, line: string, what: string): Situation => ({
    product,
    sends,
    does,
    check: async () => {
      const { code, report } = await verifiedFile(text([line, ...(await stdout())]));
      expect(code).toBe(0);
      expect(report.lines?.read.others).toMatchObject([{ what, lines: 1 }]);
    },
  });
  const refuses = (product: string, sends: string, content: Buffer, sentence: string): Situation => ({
    product,
    sends,
    does: `Refuses the file (exit 2): “${sentence}”.`,
    check: async () => {
      const folder = newFolder();
      const { code, stderr } = await audit(['verify', '--lines', folder.write('lines', content)]);
      expect(code).toBe(2);
      expect(stderr).toContain(sentence);
    },
  });
  return [
    reads('A runtime migration', 'Docker and CRI lines in one file', 'Finds the form of each line.', (lines) =>
      text(lines.map((line, index) => (index % 2 === 0 ? cri(line, 'F') : dockerJson(`${line}\n`)))),
    ),
    reads('containerd', 'pieces of stdout and stderr mixed', 'Joins the pieces of each stream.', (lines) =>
      text(
        lines.flatMap((line) =>
          piecesOf(line).flatMap((piece, index, all) => [
            cri('warn', 'P', 'stderr'),
            cri(piece, index === all.length - 1 ? 'F' : 'P'),
            cri('ing', 'F', 'stderr'),
          ]),
        ),
      ),
    ),
    reads('PowerShell 5', '`>`: UTF-16 with a byte order mark, CRLF', 'Reads it.', (lines) =>
      Buffer.from(`\ufeff${lines.join('\r\n')}\r\n`, 'utf16le'),
    ),
    reads(
      'PowerShell, Notepad',
      'UTF-8 with a byte order mark, CRLF',
      'Reads it.',
      (lines) => `\ufeff${lines.join('\r\n')}\r\n`,
    ),
    reads(
      'logrotate `copytruncate`',
      'NUL characters at the beginning',
      'Skips them.',
      (lines) => `${'\0'.repeat(9000)}${text(lines)}`,
    ),
    reads('logrotate', 'gzip', 'Unpacks it, whatever its name.', (lines) => gzipSync(text(lines))),
    reads('A collector', 'lines delivered twice', 'Counts them as repeats.', (lines) => text([...lines, ...lines])),
    {
      product: 'logrotate',
      sends: 'rotated files, named newest first',
      does: 'Reads them in the order of their records, and says so.',
      async check() {
        const folder = newFolder();
        const lines = await stdout();
        const newest = folder.write('out.log', text(lines.slice(1)));
        const older = folder.write('out.log.1', text(lines.slice(0, 1)));
        const { code, report } = await verified(['--lines', newest, '--lines', older]);
        expect(code).toBe(0);
        expect(report.lines?.read.files).toEqual([older, newest]);
      },
    },
    {
      product: 'A process that is writing',
      sends: 'a last line without its end',
      does: 'Says that it is cut. It is no fault.',
      async check() {
        const lines = await stdout();
        const { code, report } = await verifiedFile(text(lines).slice(0, -20));
        expect(code).toBe(0);
        expect(report.lines?.read.others).toMatchObject([{ what: 'cut', lines: 1 }]);
      },
    },
    says(
      'Docker',
      'a line of text with a digest: `Digest: sha256:…`',
      'Counts it as text.',
      `Digest: sha256:${'ab'.repeat(32)}`,
      'text',
    ),
    says(
      'Other programs',
      'JSON lines with `seq` or `hash`',
      'Counts them as JSON of other programs.',
      '{"seq":5,"x":1}',
      'json',
    ),
    says('The service', 'operational lines', 'Counts them as such.', OPERATIONAL, 'operational'),
    says(
      'systemd',
      '`journalctl -o json` without `--all`: `"MESSAGE":null` for long lines',
      'Says to export with `--all`.',
      '{"MESSAGE":null,"_PID":"42"}',
      'omitted',
    ),
    says(
      '`gcloud`, `aws`, `jq`',
      'JSON printed over several lines',
      'Says to write one entry a line (`jq -c`).',
      `    "hash": "${'ab'.repeat(32)}",`,
      'printed',
    ),
    {
      product: 'Anything else',
      sends: 'a text before or after a record that no form has',
      does: 'Names the line: the record is in a form that is not read, and was not verified.',
      async check() {
        const lines = await stdout();
        const { code, found } = await verifiedFile(text(lines.with(1, `note: ${lines[1] ?? ''}`)));
        expect(code).toBe(1);
        expect(found).toEqual([expect.stringMatching(/^unread_form 2 @ /)]);
      },
    },
    refuses(
      'Docker',
      'the file of its `local` driver',
      Buffer.from('\0\0\0\u0030\u000a\u0006stdout'),
      'export it with docker logs',
    ),
    refuses('systemd', 'a journal file', Buffer.from('LPKSHHRH0000'), 'export it with journalctl -o cat'),
    refuses('logrotate', 'zstd', zstdCompressSync('x'), 'is compressed with zstd: unpack it first'),
    refuses('logrotate', 'xz', Buffer.from('fd377a585a0000', 'hex'), 'is compressed with xz: unpack it first'),
  ];
}

async function stdout(): Promise<readonly string[]> {
  return (await mixedTrail()).map(onStdout);
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}

function newFolder(): ReturnType<typeof tempFolder> {
  const folder = tempFolder();
  onTestFinished(() => folder.remove());
  return folder;
}

function verifiedFile(content: string | Uint8Array): ReturnType<typeof verified> {
  return verified(['--lines', newFolder().write('lines', content)]);
}
