/** Log stores put the members of a line beside it, for their searches. They hide no record, and are no second one. */
import { beforeAll, describe, expect, it } from 'vitest';
import { isExtractOf, saidIn } from '../../../../src/audit/line-forms/extract-of.ts';
import { holdsAnother } from '../../../../src/audit/line-forms/held-lines.ts';
import { extractedFrom } from '../../../support/audit/extracted.ts';
import { outcomeOf, readAll } from '../../../support/audit/line-harness.ts';
import { trailOf } from '../verify/trail-harness.ts';

const RECORDS = 3;
let lines: readonly string[] = [];
let checkpoint = '';
beforeAll(async () => {
  const trail = await trailOf(RECORDS);
  lines = trail.lines.map(({ text }) => text);
  checkpoint = trail.checkpoints[0] ?? '';
});

type Json = Readonly<Record<string, unknown>>;

/** What the store shows of one line. `members` is what it extracted. */
const STORES: readonly (readonly [name: string, wrap: (line: string, members: Json) => Json, separator?: '.' | '_'])[] =
  [
    ['Splunk, an export', (line, members) => ({ result: { ...members, _raw: line, source: 'http:invites' } })],
    ['Splunk, an answer', (line, members) => ({ results: [{ ...members, _raw: line }] })],
    ['Splunk, the event alone', (line, members) => ({ ...members, _raw: line })],
    ['Loki, after `| json`', (line, labels) => ({ labels, line, timestamp: '1' }), '_'],
    ['Grafana, its logs as JSON', (line, fields) => ({ line, timestamp: '1', date: 'x', fields }), '_'],
    ['Elasticsearch, members in the root', (line, members) => ({ _source: { event: { original: line }, ...members } })],
    [
      'Elasticsearch, an answer',
      (line, invite) => ({
        hits: { hits: [{ _source: { event: { original: line }, invite } }, { _source: { message: 'hello' } }] },
      }),
    ],
    ['Datadog, a processor for JSON', (line, members) => ({ attributes: { attributes: { ...members, line } } })],
  ];

async function readWith(change: (members: Json) => Json, [, wrap, separator]: (typeof STORES)[number]) {
  const stored = lines.map((line) => JSON.stringify(wrap(line, change(extractedFrom(line, separator)))));
  return await outcomeOf(readAll(stored));
}

/** One line without its line end, and what is found in it. */
async function foundIn(text: string): Promise<readonly string[]> {
  return (await outcomeOf(readAll([text]))).found;
}

const OTHER_HASH = 'ab'.repeat(32);

describe('an edited line around or beside an honest one is a fault', () => {
  const record = (): Json => JSON.parse(lines[0]!) as Json;

  it('around a checkpoint, without the members that a checkpoint has, too', async () => {
    const { kind: _kind, time: _time, id: _id, ...edited }: Json = { ...record(), seq: 9, hash: OTHER_HASH };
    expect(await foundIn(JSON.stringify({ ...edited, _raw: checkpoint }))).toContainEqual(
      expect.stringMatching(/^edited .* lines:1$/),
    );
  });

  it.each<readonly [string, () => Json]>([
    ['a checkpoint', () => ({ count: 9, head: OTHER_HASH, previous: 'ee'.repeat(32) })],
    [
      'a record on stdout',
      () => {
        const { prev: _prev, hash: _hash, ...edited }: Json = { ...record(), seq: 9 };
        return { channel: 'audit', record: edited };
      },
    ],
    ['a checkpoint on stdout', () => ({ channel: 'audit', checkpoint: { count: 9, head: OTHER_HASH, previous: 'x' } })],
    [
      'a member that the record has not, and others have',
      () => {
        const { seq, prev, hash, kind } = record();
        return { seq, prev, hash, kind, change: { what: 'policy_taken' } };
      },
    ],
    [
      'the service that wrote it',
      () => {
        const { seq, prev, hash } = record();
        return { seq, prev, hash, service: { version: 'evil' }, source: 'evil' };
      },
    ],
    [
      'a member of the service that the record has not',
      () => {
        const { seq, prev, hash } = record();
        return { seq, prev, hash, service: { region: 'evil' } };
      },
    ],
    [
      'the service, as Loki shows it',
      () => {
        const { seq, prev, hash } = record();
        return { seq, prev, hash, service_version_extracted: 'evil' };
      },
    ],
  ])('%s', async (_what, edited) => {
    expect(await foundIn(JSON.stringify({ ...edited(), _raw: lines[0] }))).not.toEqual([]);
  });
});

it('labels that Loki has of an OTLP resource are no members of the line', async () => {
  const labels = { service_name: 'invites', service_instance_id: 'i-1', service_team: 'people ops' };
  const stored = lines.map((line) => {
    const { service_name: name, ...members } = extractedFrom(line, '_');
    // A checkpoint does not say who wrote it.
    const more = name === undefined ? { service_version: '1' } : { service_name_extracted: name };
    return JSON.stringify({ labels: { ...members, ...more, ...labels }, line, timestamp: '1' });
  });
  expect(await outcomeOf(readAll(stored))).toMatchObject({ found: [], records: RECORDS });
});

it('a value of the line that looks like a record, as a caller can send one, is no second record', async () => {
  const { lines: forgedByCaller } = await trailOf(2, { salt: '{"seq":1,"prev":"x","hash":"y"}' });
  const stored = forgedByCaller.map(({ text }) => text);
  const [flat, whole] = [extractedFrom, (line: string) => ({ copy: JSON.parse(line) as Json })].map((membersOf) =>
    stored.map((line) => JSON.stringify({ result: { ...membersOf(line), _raw: line } })),
  );
  expect(stored.join('')).toContain(String.raw`{\"seq\":1,`);
  expect(await outcomeOf(readAll(flat!))).toMatchObject({ found: [], records: 2 });
  expect(await outcomeOf(readAll(whole!))).toMatchObject({ found: [], records: 2 });
});

describe('the work on a hostile line is bounded', () => {
  const LONGEST = 4 * 1024 * 1024;
  const nested = (before: string, levels: number): string => `${before.repeat(levels)}1${'}'.repeat(levels)}`;
  const rawLine = (): string => `"_raw":${JSON.stringify(lines[0])}`;
  const links = (): string => {
    const { seq, prev, hash } = JSON.parse(lines[0]!) as Json;
    return JSON.stringify({ seq, prev, hash }).slice(1, -1);
  };

  it('with members of any depth: no overflow', async () => {
    const deep = nested('{"a":', 20_000);
    expect(await foundIn(`{${links()},"outcome":${deep},${rawLine()}}`)).not.toEqual([]);
  });

  it('with a member at each of very many depths: the memory is enough', async () => {
    const text = `{${links()},"a":${nested('{"zz":1,"b":', 150_000)},${rawLine()}}`;
    expect(text.length).toBeLessThan(LONGEST);
    // It has another fault: not every parser reads so many levels.
    expect(await foundIn(text)).not.toEqual([]);
  });

  it('with very many records in one: no overflow', async () => {
    const many = Array.from({ length: 190_000 }, () => '{"seq":[],"prev":[]}').join(',');
    const text = `{"x":{${links()},"y":[${many}]},${rawLine()}}`;
    expect(text.length).toBeLessThan(LONGEST);
    expect(await foundIn(text)).not.toEqual([]);
  });

  it('with records in records: each is read as often in many as in a few', () => {
    /** How often a record is looked at, for each of them. */
    function readsOf(levels: number): number {
      const { seq, prev, hash } = JSON.parse(lines[0]!) as Json;
      let reads = 0;
      let held: Json = {};
      for (let level = 0; level < levels; level += 1) {
        const inner = held;
        const counted = Object.defineProperty({ seq, prev, hash }, 'x', {
          enumerable: true,
          get() {
            reads += 1;
            return inner;
          },
        });
        held = counted;
      }
      expect(holdsAnother({ held, _raw: lines[0] }, [lines[0]!])).toBe(false);
      return reads / levels;
    }
    expect(readsOf(1000)).toBe(readsOf(10));
  });

  it.each<readonly [string, (isWithin: boolean) => Json]>([
    ['members', (isWithin) => Object.fromEntries(numbered(isWithin ? 100 : 101))],
    ['paths', (isWithin) => ({ a: Object.fromEntries(numbered(isWithin ? 1000 : 1001)) })],
    ['letters in a path', (isWithin) => ({ ['a'.repeat(isWithin ? 1000 : 1001)]: 1 })],
    ['levels', (isWithin) => JSON.parse(nested('{"a":', isWithin ? 500 : 501)) as Json],
  ])('with more %s than a record has: it is no line that a store copied from', (_what, lineOf) => {
    const [within, beyond] = [lineOf(true), lineOf(false)].map((line) => saidIn(JSON.stringify(line)));
    expect(isExtractOf(lineOf(true), within!)).toBe(true);
    expect(beyond).toBeNull();
  });

  function numbered(count: number): readonly (readonly [string, number])[] {
    return Array.from({ length: count }, (_none, at) => [`a${String(at)}`, at]);
  }
});

describe.each(STORES.map((store) => [store[0], store] as const))('members that %s has extracted', (_name, store) => {
  it('are no fault', async () => {
    expect(await readWith((members) => members, store)).toMatchObject({ found: [], records: RECORDS });
  });

  it('are none where some are left out, doubled or typed', async () => {
    const some = ({ seq, hash, prev, kind, time }: Json): Json => ({
      ...(seq === undefined ? {} : { seq: Number(seq) }),
      hash: [hash, hash],
      prev,
      kind,
      time_extracted: time,
    });
    expect(await readWith(some, store)).toMatchObject({ found: [], records: RECORDS });
  });

  it.each<readonly [string, (members: Json) => Json]>([
    ['of another record', (members) => ({ ...members, hash: 'ab'.repeat(32) })],
    ['with another value', (members) => ({ ...members, time: '2020-01-01T00:00:00.000Z' })],
    ['with one value more', (members) => ({ ...members, kind: [members['kind'], 'denied'] })],
    ['with a member below one of the record', (members) => ({ ...members, outcome: { verdict: 'refused' } })],
    ['with a member that the record has not', (members) => ({ ...members, suppressed: { counts: [] } })],
    ['with another record among them', (members) => ({ ...members, note: lines[0]!.replace('"seq":1', '"seq":9') })],
  ])('are a fault: %s', async (_what, change) => {
    expect((await readWith(change, store)).found).not.toEqual([]);
  });
});
