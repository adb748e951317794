/** Lines of the service in the forms of runtimes, collectors and log stores. */
import { beforeAll, describe, expect, it } from 'vitest';
import { formatItem } from '../../../../src/audit/format/formats.ts';
import { cri, dockerJson, LOG_FORMS, piecesOf } from '../../../support/audit/log-forms.ts';
import type { LogForm } from '../../../support/audit/log-forms.ts';
import type { Line } from '../verify/trail-harness.ts';
import { mixedTrail, onStdout, outcomeOf, readAll } from '../../../support/audit/line-harness.ts';

let trail: readonly Line[] = [];
let stdout: readonly string[] = [];
beforeAll(async () => {
  trail = await mixedTrail();
  stdout = trail.map(onStdout);
});

const OPERATIONAL = JSON.stringify({ level: 'info', channel: 'ops', digest: 'ab'.repeat(32), event: 'request' });
const named = LOG_FORMS.map((form) => [`${form.product}: ${form.sends}`, form] as const);
const whole = { found: [], records: 3 };

describe.each(named)('%s', (_name, { wrap, reported }: LogForm) => {
  it('carries the records, also beside operational lines and text', async () => {
    const lines = [...stdout.flatMap((line) => [...wrap(OPERATIONAL), ...wrap(line)]), 'Server listening', ''];
    const { found, records, forms } = await outcomeOf(readAll(lines));
    expect({ found, records, forms }).toEqual({ ...whole, forms: [reported] });
  });

  it('carries an edit of a record, too', async () => {
    const edited = stdout.with(1, stdout[1]!.replace('new.colleague', 'old.colleague'));
    const { found } = await outcomeOf(readAll(edited.flatMap(wrap)));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^edited 2 @ lines:\d+$/);
  });

  it('carries the loss of a record', async () => {
    const { found } = await outcomeOf(readAll(stdout.toSpliced(1, 1).flatMap(wrap)));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^missing 2 @ lines:\d+$/);
  });
});

describe('a stream of lines', () => {
  it('may change its form from line to line', async () => {
    const [first, second, third, last] = stdout as [string, string, string, string];
    const lines = [
      first,
      cri(second, 'F'),
      ...piecesOf(third).map((piece, n) => dockerJson(n === 2 ? `${piece}\n` : piece)),
    ];
    expect(await outcomeOf(readAll([...lines, `proxy-1 | ${last}`]))).toMatchObject({
      ...whole,
      forms: ['plain', 'CRI', 'Docker json-file', 'Compose'],
    });
  });

  it('may hold native lines and OCSF events in a form, as files of the http sink do', async () => {
    const items = trail.map(({ text, item }, position) => ({
      position,
      kind: item.kind === 'checkpoint' ? ('checkpoint' as const) : ('record' as const),
      line: text,
    }));
    for (const format of ['native', 'ocsf'] as const) {
      const lines = items.map((item) => dockerJson(`${formatItem(format, item)}\n`));
      expect(await outcomeOf(readAll(lines))).toMatchObject(whole);
    }
  });

  it('joins pieces of stdout and stderr that are mixed', async () => {
    const [a, b, c] = piecesOf(stdout[2]!) as [string, string, string];
    const lines = [
      cri(a, 'P'),
      cri('(node:1) Warn', 'P', 'stderr'),
      cri(b, 'P'),
      cri('ing', 'F', 'stderr'),
      cri(c, 'F'),
    ];
    expect(await outcomeOf(readAll([...stdout.slice(0, 2), ...lines]))).toMatchObject({
      ...whole,
      others: ['text @ lines:4'],
    });
  });

  it('counts a line that was delivered twice as a repeat', async () => {
    const lines = stdout.flatMap((line) => [cri(line, 'F'), dockerJson(`${line}\n`)]);
    expect(await outcomeOf(readAll(lines))).toMatchObject(whole);
  });

  it('takes a Docker line from which a collector took the line end', async () => {
    const lines = ['hello', ...stdout.slice(0, 2), 'bye', stdout[2]!].map((line) => dockerJson(line));
    expect(await outcomeOf(readAll(lines))).toMatchObject({ ...whole, others: ['text @ lines:1', 'text @ lines:4'] });
  });
});

describe('a line that is cut', () => {
  it.each<readonly [string, (line: string) => string]>([
    ['plain', (line) => line],
    ['CRI', (line) => cri(line, 'F')],
    ['Docker', (line) => dockerJson(`${line}\n`)],
  ])('is no fault where the input ends: %s', async (_name, wrap) => {
    const lines = stdout.slice(0, 3).map((line, index) => (index === 2 ? wrap(line).slice(0, 9_000) : wrap(line)));
    expect(await outcomeOf(readAll(lines, false))).toMatchObject({ found: [], records: 2, others: ['cut @ lines:3'] });
  });

  it('is no fault where its last pieces are in a file that was not given', async () => {
    const lines = [...stdout.slice(0, 2).map((line) => cri(line, 'F')), cri(piecesOf(stdout[2]!)[0]!, 'P')];
    expect(await outcomeOf(readAll(lines))).toMatchObject({ found: [], records: 2, others: ['cut @ lines:3'] });
  });

  it('is no fault where its first pieces are in a file that was not given', async () => {
    const [, middle, end] = piecesOf(stdout[0]!, 400) as [string, string, string];
    const lines = [cri(middle, 'P'), cri(end, 'F'), ...stdout.slice(1).map((line) => cri(line, 'F'))];
    expect(await outcomeOf(readAll(lines))).toMatchObject({ found: [], records: 2, others: ['cut @ lines:1'] });
  });

  it('is whole again when the next file begins with its rest', async () => {
    const reader = (await import('../../../../src/audit/line-forms/line-reader.ts')).createLineReader();
    const at = (n: number) => ({ prefix: 'lines:', at: n });
    const read = [
      ...reader.take({ text: stdout[0]!.slice(0, 300), fault: null, isEnded: false }, at(1)),
      ...reader.take({ text: stdout[0]!.slice(300), fault: null, isEnded: true }, at(1)),
      ...stdout.slice(1).flatMap((text, index) => reader.take({ text, fault: null, isEnded: true }, at(index + 2))),
      ...reader.end(),
    ];
    expect(await outcomeOf(read)).toMatchObject(whole);
  });

  it.each<readonly [string, (line: string) => string]>([
    ['plain', (line) => line],
    ['CRI', (line) => cri(line, 'F')],
    ['Compose', (line) => `proxy-1  | ${line}`],
  ])('is no fault when it follows whole, as after a full disk: %s', async (_name, wrap) => {
    const later = stdout.map((line) => line.replace('"time":"x"', '"time":"later"'));
    for (const cut of [
      stdout[1]!.slice(0, 30),
      stdout[1]!.slice(0, 50),
      stdout[1]!.slice(0, 300),
      stdout[1]!.slice(0, -1),
    ]) {
      const lines = [stdout[0]!, cut, OPERATIONAL, ...later].map((line) => wrap(line));
      expect(await outcomeOf(readAll(lines))).toMatchObject({
        ...whole,
        others: [`${cut.length < 40 ? 'text' : 'cut_copy'} @ lines:2`, 'operational @ lines:3'],
      });
    }
  });

  it('is no fault when it follows whole, as after a process that was killed, without a line end between', async () => {
    const started = OPERATIONAL.replace('request', 'starting');
    const cut = stdout[1]!.slice(0, 300);
    const glued = [stdout[0]!, `${cut}${started}`, ...stdout.slice(1)];
    const expected = { ...whole, others: ['cut_copy @ lines:2', 'operational @ lines:2'] };
    expect(await outcomeOf(readAll(glued))).toMatchObject(expected);
    const docker = [dockerJson(`${stdout[0]!}\n`), dockerJson(cut), dockerJson(`${started}\n`)];
    const rest = stdout.slice(1).map((line) => dockerJson(`${line}\n`));
    expect(await outcomeOf(readAll([...docker, ...rest]))).toMatchObject({
      ...whole,
      others: ['cut_copy @ lines:2', 'operational @ lines:2'],
    });
  });

  it('is a fault when it was edited, though one like it follows whole', async () => {
    const cut = stdout[1]!.replace('new.colleague', 'old.colleague').slice(0, -1);
    const { found } = await outcomeOf(readAll([stdout[0]!, cut, ...stdout.slice(1)]));
    expect(found).toEqual(['unreadable - @ lines:2']);
  });

  it('is a fault when what follows whole was edited', async () => {
    const edited = stdout[1]!.replace('"seq":2', '"seq":3');
    const { found } = await outcomeOf(readAll([stdout[0]!, stdout[1]!.slice(0, 300), edited, ...stdout.slice(2)]));
    expect(found).not.toEqual([]);
  });

  it('is a fault between other lines', async () => {
    const lines = stdout.with(1, stdout[1]!.slice(0, -60));
    expect(await outcomeOf(readAll(lines))).toMatchObject({ found: ['unreadable 2 @ lines:2'] });
  });
});

describe('what is no record', () => {
  it.each<readonly [string, string, string]>([
    ['text with a digest', `Status: Downloaded image, Digest: sha256:${'ab'.repeat(32)}`, 'text'],
    ['a log line of another program with our words', JSON.stringify({ msg: 'commit', hash: 'ab'.repeat(20) }), 'text'],
    ['another program’s sequence', JSON.stringify({ level: 30, seq: 5, text: 'x' }), 'json'],
    ['another program’s record', JSON.stringify({ level: 'x', record: { id: 5 }, checkpoint: { lsn: 7 } }), 'json'],
    ['another product’s OCSF event', JSON.stringify({ class_uid: 4001, raw_data: 'Deny TCP' }), 'json'],
    ['an operational line', OPERATIONAL, 'operational'],
    ['a stack trace', '    at Object.<anonymous> (/app/x.js:1:1)', 'text'],
    ['printed JSON', `    "hash": "${'ab'.repeat(32)}",`, 'printed'],
    ['a long message that journalctl left out', JSON.stringify({ MESSAGE: null, _PID: '42' }), 'omitted'],
    ['a text in a runtime’s form', cri('hello', 'F', 'stderr'), 'text'],
    ['an empty line in a runtime’s form', cri('', 'F').trimEnd(), 'text'],
  ])('is said, and is no fault: %s', async (_name, line, what) => {
    const lines = stdout.flatMap((one) => [line, one]);
    const others = [1, 3, 5, 7].map((at) => `${what} @ lines:${String(at)}`);
    expect(await outcomeOf(readAll(lines))).toMatchObject({ ...whole, others });
  });

  it.each<readonly [string, (line: string) => string, string]>([
    [
      'XML, as Splunk exports it',
      (line) => `<field k='_raw'><v xml:space='preserve'>${line.replaceAll('"', '&quot;')}</v></field>`,
      'xml',
    ],
    ['CSV', (line) => `2026-05-04,"${line.replaceAll('"', '""')}"`, 'csv'],
    ['base64', (line) => Buffer.from(line).toString('base64'), 'base64'],
    ['base64 in JSON', (line) => JSON.stringify({ data: Buffer.from(line).toString('base64') }), 'base64'],
  ])('is a record in %s, which is said', async (_name, wrap, what) => {
    const { found, others } = await outcomeOf(readAll(stdout.with(1, wrap(stdout[1]!))));
    expect({ found, others }).toEqual({ found: ['missing 2 @ lines:3'], others: [`${what} @ lines:2`] });
  });

  it.each<readonly [string, (line: string) => string]>([
    ['the stdout of Fluent Bit', (line) => `[0] kube.proxy: [1777888800.1, {"log"=>${JSON.stringify(line)}}]`],
    ['a wrapper after an unknown text', (line) => `note: ${JSON.stringify({ log: line })}`],
    ['lines with numbers', (line) => `     2\t${line}`],
    ['lines found by grep', (line) => `2:${line}`],
  ])('is a fault, and said as a form that is not read: %s', async (_name, wrap) => {
    const { found } = await outcomeOf(readAll(stdout.with(1, wrap(stdout[1]!))));
    expect(found.join()).toContain('unread_form');
  });

  it('is a record in a form that is not read, which is said', async () => {
    const lines = [...stdout.slice(0, 2), JSON.stringify({ unheard: { of: stdout[2]! } })];
    expect(await outcomeOf(readAll(lines))).toMatchObject({
      found: [],
      records: 2,
      others: ['unknown_form @ lines:3'],
    });
  });
});
