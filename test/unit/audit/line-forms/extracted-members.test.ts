/** Log stores put the members of a line beside it, for their searches. They hide no record, and are no second one. */
import { beforeAll, describe, expect, it } from 'vitest';
import { extractedFrom } from '../../../support/audit/extracted.ts';
import { outcomeOf, readAll } from '../../../support/audit/line-harness.ts';
import { trailOf } from '../verify/trail-harness.ts';

const RECORDS = 3;
let lines: readonly string[] = [];
beforeAll(async () => {
  lines = (await trailOf(RECORDS)).lines.map(({ text }) => text);
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

it('members of any depth beside a line end in a fault, and not in an overflow', async () => {
  const deep = `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
  const members = JSON.stringify({ ...extractedFrom(lines[0]!), _raw: lines[0] });
  const { found } = await outcomeOf(readAll([`{"result":${members.replace('{', `{"outcome":${deep},`)}}`]));
  expect(found).not.toEqual([]);
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
    ['with a member that the record has not', (members) => ({ ...members, outcome: { verdict: 'refused' } })],
    ['with another record among them', (members) => ({ ...members, note: lines[0]!.replace('"seq":1', '"seq":9') })],
  ])('are a fault: %s', async (_what, change) => {
    expect((await readWith(change, store)).found).not.toEqual([]);
  });
});
