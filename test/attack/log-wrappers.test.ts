/**
 * Wrappers of log systems that show an edited record to a person or a search, and an honest one to the verification. In
 * each line of this file there is the honest record 2. Beside it is another text with its number.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { cri, dockerJson, LOG_FORMS, piecesOf } from '../support/audit/log-forms.ts';
import { mixedTrail, onStdout, outcomeOf, readAll } from '../support/audit/line-harness.ts';

const json = JSON.stringify;
let stdout: readonly string[] = [];
let honest = '';
let edited = '';
beforeAll(async () => {
  stdout = (await mixedTrail()).map(onStdout);
  honest = stdout[1]!;
  edited = honest.replace('new.colleague', 'old.colleague');
});

/** The findings when these lines are in the place of record 2. */
async function foundWith(...lines: readonly string[]): Promise<readonly string[]> {
  return (await outcomeOf(readAll([stdout[0]!, ...lines, ...stdout.slice(2)]))).found;
}

describe('a wrapper with two meanings', () => {
  it.each<readonly [string, () => string]>([
    [
      'Docker, first of two',
      () => `{"log":${json(`${edited}\n`)},"log":${json(`${honest}\n`)},"stream":"stdout","time":"x"}`,
    ],
    [
      'Docker, last of two',
      () => `{"log":${json(`${honest}\n`)},"log":${json(`${edited}\n`)},"stream":"stdout","time":"x"}`,
    ],
    [
      'Docker, an escaped name',
      () => `{"\\u006cog":${json(`${edited}\n`)},"log":${json(`${honest}\n`)},"stream":"stdout","time":"x"}`,
    ],
    ['Docker, two times', () => `{"log":${json(`${honest}\n`)},"stream":"stdout","time":"1","time":"2"}`],
    ['journald', () => `{"MESSAGE":${json(edited)},"MESSAGE":${json(honest)}}`],
    ['Fluent Bit', () => `{"date":1,"log":${json(edited)},"log":${json(honest)}}`],
    ['Vector', () => `{"message":${json(edited)},"message":${json(honest)},"source_type":"file"}`],
    ['Cloud Logging', () => `{"jsonPayload":${edited},"jsonPayload":${honest}}`],
    ['Cloud Logging, inside', () => `{"jsonPayload":${honest.replace('"record":', '"record":{},"record":')}}`],
    ['Elasticsearch', () => `{"_source":${edited},"_source":${honest}}`],
    [
      'OTLP',
      () =>
        `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":${json(edited)},"stringValue":${json(honest)}}}]}]}]}`,
    ],
    ['a list', () => `[{"log":${json(edited)},"log":${json(honest)}}]`],
    ['a tag and a time', () => `["x",1,{"log":${json(edited)},"log":${json(honest)}}]`],
    ['a JSON string', () => json(`{"log":${json(edited)},"log":${json(honest)}}`)],
    ['an event', () => `{"event":{"line":${json(edited)},"line":${json(honest)}}}`],
    ['one inside another', () => dockerJson(`{"log":${json(edited)},"log":${json(honest)}}\n`)],
    ['the line itself, inside', () => dockerJson(`${honest.replace('"record":', '"record":{},"record":')}\n`)],
  ])('is a fault: %s', async (_name, line) => {
    expect(await foundWith(line())).not.toEqual([]);
  });
});

describe('another record beside the line', () => {
  it.each<readonly [string, () => string]>([
    [
      'Docker attrs, as a text',
      () => json({ log: `${honest}\n`, stream: 'stdout', attrs: { tag: edited }, time: 'x' }),
    ],
    [
      'Docker attrs, as an object',
      () => json({ log: `${honest}\n`, stream: 'stdout', attrs: JSON.parse(edited), time: 'x' }),
    ],
    ['an annotation', () => json({ log: honest, kubernetes: { annotations: [{ note: edited }] } })],
    ['a second name for the line', () => json({ log: honest, message: edited })],
    ['the other way round', () => json({ message: edited, log: honest })],
    [
      'an escaped text',
      () =>
        json({
          log: honest,
          note: edited
            .replaceAll('hash', String.raw`\u0068ash`)
            .replaceAll('"seq', String.raw`"\u0073eq`)
            .replaceAll('"prev', String.raw`"\u0070rev`),
        }),
    ],
    ['a native text', () => json({ log: honest, note: json((JSON.parse(edited) as { record: unknown }).record) })],
    ['parsed members beside the text', () => json({ log: honest, ...(JSON.parse(edited) as object) })],
    ['an event’s original', () => json({ message: honest, event: { original: edited } })],
    ['labels', () => json({ labels: { x: edited }, line: honest, timestamp: '1' })],
    ['beside a line of the stdout sink', () => honest.replace('{', `{"note":${json(edited)},`)],
    ['a tag', () => json([edited, 1, { log: honest }])],
    ['an event beside its line', () => json({ event: { line: honest, attrs: { tag: edited } } })],
    ['a second hit', () => json({ hits: { hits: [{ _source: { message: honest }, note: edited }] } })],
    [
      'a resource’s attribute',
      () =>
        json({
          resourceLogs: [
            {
              resource: { attributes: [{ key: 'x', value: { stringValue: edited } }] },
              scopeLogs: [{ logRecords: [{ body: { stringValue: honest } }] }],
            },
          ],
        }),
    ],
  ])('is a fault: %s', async (_name, line) => {
    expect(await foundWith(line())).not.toEqual([]);
  });

  it('is none when it is the same record', async () => {
    expect(await foundWith(json({ message: honest, event: { original: honest } }))).toEqual([]);
    expect(await foundWith(json({ log: honest, ...(JSON.parse(honest) as object) }))).toEqual([]);
  });

  it('takes the place of no record: an honest one in an attribute does not count', async () => {
    expect(await foundWith(json({ log: 'hello\n', stream: 'stdout', attrs: { tag: honest }, time: 'x' }))).toEqual([
      'missing 2 @ lines:3',
    ]);
    expect(
      await foundWith(json({ log: `${edited}\n`, stream: 'stdout', attrs: { tag: honest }, time: 'x' })),
    ).not.toEqual([]);
  });
});

/** Forms that parse the line have no text around it. */
const TEXT_FORMS = LOG_FORMS.filter(({ wrap }) => {
  try {
    return wrap('text').length > 0;
  } catch {
    return false;
  }
});

describe('text beside the record', () => {
  it.each(TEXT_FORMS.map((form) => [`${form.product}: ${form.sends}`, form] as const))(
    'is a fault: %s',
    async (_name, { wrap }) => {
      const texts = [
        `${edited}${honest}`,
        `${edited} ${honest}`,
        `${honest} ${edited}`,
        `x ${honest}`,
        `x y ${honest}`,
        `${honest} x`,
      ];
      for (const text of texts) {
        const begin = text.slice(0, 9);
        expect([begin, await foundWith(...wrap(text))]).not.toEqual([begin, []]);
      }
    },
  );
});

describe('a prefix', () => {
  it.each([
    ['a stream of a container', (text: string) => `2026-05-04T10:00:00Z ${text} stdout F `],
    ['a time', (text: string) => `2026-05-04T10:00:00Z${text} `],
    ['a pod', (text: string) => `[pod/${text}/proxy] `],
    ['a service', (text: string) => `${text}  | `],
    ['a host', (text: string) => `May  4 10:00:00 ${text} x[1]: `],
    ['structured data', (text: string) => `<14>1 2026-05-04T10:00:00Z host proxy 42 - [x y="${text}"] `],
    ['labels', (text: string) => `2026-05-04T10:00:00Z {x="${text}"} `],
    ['a stream', (text: string) => `2026-05-04T10:00:00Z ${text} `],
    ['a namespace', (text: string) => `${text}/proxy-0[proxy]: `],
    ['a container', (text: string) => `[proxy-0 ${text}] `],
    ['labels alone', (text: string) => `{x="${text}"} `],
    ['an event stream', (text: string) => `data: ${text}`],
    ['a tag', (text: string) => `2026-05-04T10:00:00Z\t${text}\t`],
  ])('holds no record in the name of %s', async (_name, prefix) => {
    expect(await foundWith(`${prefix(edited)}${honest}`)).not.toEqual([]);
    expect(await foundWith(`${prefix('{"seq":2,"subject":"eve"}')}${honest}`)).not.toEqual([]);
  });
});

/** Ways to mark pieces: CRI, Docker, journald, Fluent Bit. */
const SPLITS: readonly (readonly [string, (piece: string, isLast: boolean) => string])[] = [
  ['CRI', (piece, isLast) => cri(piece, isLast ? 'F' : 'P')],
  ['Docker', (piece, isLast) => dockerJson(isLast ? `${piece}\n` : piece)],
  ['journald', (piece, isLast) => json({ MESSAGE: piece, _PID: '1', ...(isLast ? {} : { _LINE_BREAK: 'line-max' }) })],
  ['Fluent Bit', (log, isLast) => json({ log, stream: 'stdout', logtag: isLast ? 'F' : 'P' })],
];

describe.each(SPLITS)('the pieces of a line in the form of %s', (_name, wrap) => {
  const wrapped = (pieces: readonly string[]) => pieces.map((piece, index) => wrap(piece, index === pieces.length - 1));
  const pieces = () => piecesOf(honest, 300);

  it('are one line when none is changed', async () => {
    expect(await foundWith(...wrapped(pieces()))).toEqual([]);
  });

  it.each<readonly [string, (pieces: readonly string[]) => readonly string[]]>([
    ['two change places', (all) => [all[1]!, all[0]!, ...all.slice(2)]],
    ['one in the middle changes its place', (all) => [all[0]!, all[2]!, all[1]!, ...all.slice(3)]],
    ['the first is dropped', (all) => all.slice(1)],
    ['one in the middle is dropped', (all) => all.toSpliced(1, 1)],
    ['the last is dropped', (all) => all.slice(0, -1)],
    ['one in the middle is doubled', (all) => all.toSpliced(1, 0, all[1]!)],
    ['one is edited', (all) => all.map((piece) => piece.replace('colleague', 'accomplice'))],
    ['one is added', (all) => all.toSpliced(1, 0, 'x')],
  ])('are a fault when %s', async (_change, change) => {
    const changed = change(pieces());
    expect(changed).not.toEqual(pieces());
    expect(await foundWith(...wrapped(changed))).not.toEqual([]);
  });

  it('are said, and no fault, when the first of them was delivered twice', async () => {
    const all = pieces();
    const { found, others } = await outcomeOf(
      readAll([stdout[0]!, wrap(all[0]!, false), ...wrapped(all), ...stdout.slice(2)]),
    );
    expect({ found, others }).toEqual({ found: [], others: ['cut_copy @ lines:2'] });
  });

  it('damage no other record when the last one is missing', async () => {
    const all = pieces();
    const open = all.slice(0, -1).map((piece) => wrap(piece, false));
    const next = piecesOf(stdout[2]!);
    const lines = [...open, ...next.map((piece, index) => wrap(piece, index === next.length - 1))];
    const { found } = await outcomeOf(readAll([stdout[0]!, ...lines, stdout[3]!]));
    expect(found).toEqual(['unreadable 2 @ lines:2']);
  });

  it('hide no text before the line that they complete', async () => {
    expect(await foundWith(wrap(edited, false), ...wrapped(pieces()))).not.toEqual([]);
  });
});

describe.each(SPLITS.slice(1))('the wrapper of a piece in the form of %s', (_name, wrap) => {
  it.each([0, 1, 2])('is a fault when it has two meanings: piece %i', async (index) => {
    const pieces = piecesOf(honest, 300);
    const lines = pieces.map((piece, at) => wrap(piece, at === pieces.length - 1));
    const [name = ''] = Object.keys(JSON.parse(lines[index]!) as object);
    expect(await foundWith(...lines.with(index, lines[index]!.replace('{', `{${json(name)}:"x",`)))).not.toEqual([]);
  });
});

describe('a hostile stream', () => {
  it('is read in bounded time and memory: pieces that never end, and many of them', async () => {
    const endless = Array.from({ length: 3_000 }, () => cri('{"a":'.repeat(3_000), 'P'));
    const { found, others } = await outcomeOf(readAll([...stdout, ...endless, cri('x', 'F')]));
    expect({ found, others }).toEqual({ found: [], others: ['too_long @ lines:5'] });
    const many = Array.from({ length: 5_000 }, (_, n) =>
      json({ log: 'x'.repeat(5_000), logtag: 'P', file: String(n) }),
    );
    expect((await outcomeOf(readAll([...stdout, ...many]))).found).toEqual([]);
  });

  it('is read without an overflow: wrappers in wrappers, and deep values', async () => {
    let nested = honest;
    for (let depth = 0; depth < 12; depth += 1) nested = json({ log: nested });
    expect(await foundWith(nested)).not.toEqual([]);
    const deep = `{"log":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
    expect(
      await foundWith(honest, deep, `{"record":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)},"channel":"audit"}`),
    ).not.toEqual([]);
  });
});
