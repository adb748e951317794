/** What single rows of the table know: codes, statuses of entries, limits and times. */
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../../src/audit/delivery/entry.ts';
import type { HttpAnswer } from '../../../../src/audit/delivery/post-batch.ts';
import { SinkError } from '../../../../src/audit/delivery/sink.ts';
import { bodiesOf } from '../../../../src/audit/intake/bodies.ts';
import type { IntakeName } from '../../../../src/audit/intake/intakes.ts';
import { INTAKE_NAMES, INTAKES } from '../../../../src/audit/intake/intakes.ts';
import { MOST_REFUSED_IN_A_ROW } from '../../../../src/audit/delivery/write-around.ts';
import { createFakeClock, testUuid7, TEST_TIME_MS } from '../../../support/clock.ts';
import { createStandIn, sinkTo } from '../../../support/intakes/stand-in.ts';
import { cloudflarePipelines, sentinel } from '../../../support/intakes/tables.ts';
import { datadogLogs } from '../../../support/intakes/datadog-logs.ts';

const HOUR_MS = 3_600_000;

function entriesOf(lengths: readonly number[], timeMs: number | null = TEST_TIME_MS): readonly Entry[] {
  return lengths.map((length, n) => ({
    facts: {
      kind: 'outcome',
      id: testUuid7(n + 1),
      time: timeMs === null ? null : new Date(timeMs).toISOString(),
      seq: n + 1,
      request: { id: testUuid7(100 + n), result: 'accepted', traceId: null },
    },
    line: JSON.stringify({ seq: n + 1, text: 'ä'.repeat(length) }),
  }));
}

function answer(status: number, body: unknown = ''): HttpAnswer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers: {}, body: new TextEncoder().encode(text), text };
}

/** The positions that are refused by name, or the reason of the failure. */
function read(name: IntakeName, body: unknown, entries: readonly Entry[], status = 200): readonly number[] | string {
  try {
    return INTAKES[name].read(answer(status, body), entries).map((entry) => entries.indexOf(entry));
  } catch (error) {
    if (!(error instanceof SinkError)) throw error;
    return error.reason;
  }
}

describe('the bodies of every intake', () => {
  it.each(INTAKE_NAMES)('%s: no body is longer than the intake takes, and none is left out or moved', (name) => {
    const intake = INTAKES[name];
    const entries = entriesOf([...Array.from({ length: 40 }, (_, n) => n * 997), 400_000, 600_000, 5, 6]);
    const bodies = bodiesOf(entries, intake, TEST_TIME_MS);
    expect(bodies.flatMap((body) => body.entries)).toEqual(entries);
    for (const { text, entries: inBody } of bodies) {
      const bytes = Buffer.byteLength(text);
      if (inBody.length > 1) expect(bytes).toBeLessThanOrEqual(intake.limits.bodyBytes);
      expect(inBody.length).toBeLessThanOrEqual(intake.limits.entries);
    }
    const isBounded = intake.limits.bodyBytes < Infinity;
    expect(bodies.length > 1).toBe(isBounded && intake.limits.bodyBytes < 3_000_000);
    // Every line is there verbatim: as it is, or as a JSON text.
    const all = bodies.map(({ text }) => text).join('');
    for (const { line } of entries)
      expect(all.includes(line) || all.includes(JSON.stringify(line).slice(1, -1))).toBe(true);
  });

  it.each(INTAKE_NAMES)('%s: at most so many entries are in one, however short they are', (name) => {
    const { limits } = INTAKES[name];
    const bodies = bodiesOf(entriesOf(Array.from({ length: 2_500 }, () => 1)), INTAKES[name], TEST_TIME_MS);
    expect(Math.max(...bodies.map(({ entries }) => entries.length))).toBeLessThanOrEqual(limits.entries);
  });

  it.each(INTAKE_NAMES)('%s: the same entries make the same text', (name) => {
    const [first, again] = [1, 2].map(() => bodiesOf(entriesOf([1, 2]), INTAKES[name], TEST_TIME_MS));
    expect(first).toEqual(again);
  });
});

it('a refusal in one body does not send the bodies before it again', async () => {
  const clock = createFakeClock();
  const standIn = createStandIn(cloudflarePipelines, clock, 'token-0123456789');
  const sink = sinkTo(cloudflarePipelines, standIn, clock, { token: async () => 'token-0123456789' });
  const items = [1, 2, 3, 4].map((n) => ({
    position: n * 16,
    kind: 'record' as const,
    line: JSON.stringify({ id: testUuid7(n), text: 'x'.repeat(400_000) }),
  }));
  standIn.conduct.refuses = ({ line }) => line === items[3]?.line;
  await sink.write(items);
  expect(items.map(({ line }) => standIn.stored.filter((entry) => entry.line === line).length)).toEqual([1, 1, 1, 0]);
});

describe('Splunk’s codes', () => {
  it.each([
    [1, 403, null],
    [2, 401, null],
    [5, 400, 'refused'],
    [6, 400, 'content_refused'],
    [7, 400, 'refused'],
    [8, 500, null],
    [9, 503, null],
    [10, 400, 'refused'],
    [12, 400, 'content_refused'],
    [13, 400, 'content_refused'],
    [14, 400, 'refused'],
    [15, 400, 'content_refused'],
  ])('code %d with %d', (code, status, reason) => {
    expect(INTAKES['splunk-hec'].failure(answer(status, { text: 'x', code }))).toBe(reason);
  });

  it('stop the sink for an answer that is no answer of Splunk', () => {
    expect(INTAKES['splunk-hec'].failure(answer(400, 'Bad Request'))).toBe('refused');
    expect(read('splunk-hec', { text: 'HEC is healthy', code: 17 }, [])).toBe('refused');
    expect(read('splunk-hec', 'welcome', [])).toBe('unreadable_answer');
    expect(read('splunk-hec', '', [])).toEqual([]);
  });

  it.each([
    [0, 'Success'],
    [24, 'Queue approaching capacity'],
    [25, 'ACK approaching capacity'],
  ])('%d with 200 says that everything was taken: %s', (code, text) => {
    expect(read('splunk-hec', { text, code }, entriesOf([1]))).toEqual([]);
  });

  it('leave the time out where a damaged record has none, and give seconds else', () => {
    const { frame } = INTAKES['splunk-hec'];
    expect(entriesOf([1], null).map((entry) => Object.keys(JSON.parse(frame(entry, 0)) as object))).toEqual([
      ['event'],
    ]);
    expect(entriesOf([1]).map((entry) => JSON.parse(frame(entry, 0)) as object)).toMatchObject([
      { time: TEST_TIME_MS / 1000 },
    ]);
  });
});

describe('the items of a bulk answer', () => {
  const entries = entriesOf([1, 2, 3]);
  const items = (...statuses: readonly number[]) => ({
    errors: true,
    items: statuses.map((status) => ({ create: { status } })),
  });

  /** One of the three failed, for this reason. */
  const failed = (status: number, type: string, store = 'not_enabled') => ({
    errors: true,
    items: [{ create: { status, error: { type }, failure_store: store } }, ...items(201, 201).items],
  });
  /** All have the status of success, and the second one says something beside it. */
  const redirected = (name: string, value: string) => ({
    errors: false,
    items: [...items(201).items, { create: { status: 201, [name]: value } }, ...items(201).items],
  });
  const textErrors = [{ create: { status: 400, error: 'mapping' } }, ...items(201, 201).items];

  it.each<[string, unknown, readonly number[] | string]>([
    ['none failed', { errors: false, items: [] }, []],
    ['none failed, with nothing else', { errors: false }, []],
    ['repeats', items(409, 409, 201), []],
    ['one refused', items(201, 400, 409), [1]],
    ['one throttled beside a refused one', items(429, 400, 201), 'rate_limited'],
    ['one failed', items(503, 201, 201), 'server_error'],
    ['an index that is blocked', items(201, 201, 403), 'refused'],
    ['no such index', items(404, 404, 404), 'wrong_address'],
    ['one too large beside two that were taken', items(201, 413, 201), [1]],
    ['one that the key may not create', failed(403, 'security_exception'), 'credentials_rejected'],
    ['one that the key may not create, without a type', items(403, 201, 201), 'refused'],
    ['an index with a write block', failed(403, 'cluster_block_exception'), 'refused'],
    ['an error that is a text', { ...items(400, 201, 201), items: textErrors }, [0]],
    ['one in the failure store, and no error', redirected('failure_store', 'used'), [1]],
    ['one that a pipeline dropped, and no error', redirected('result', 'noop'), [1]],
    ['one that was created, in full', redirected('result', 'created'), []],
    ['one that the failure store could not take', failed(400, 'mapper_exception', 'failed'), [0]],
    ['fewer items than entries', items(201, 400), 'unreadable_answer'],
    ['failures without items', { errors: true }, 'unreadable_answer'],
    ['no bulk answer', { acknowledged: true }, 'unreadable_answer'],
    ['no JSON', 'ok', 'unreadable_answer'],
  ])('%s', (_what, body, expected) => {
    expect(read('elastic-bulk', body, entries)).toEqual(expected);
  });

  it('are few bytes: the answer is asked for what is read of it alone', () => {
    const target = new URL(INTAKES['elastic-bulk'].target?.('https://elastic.example.com/i/_bulk?pipeline=p') ?? '');
    expect(target.searchParams.get('pipeline')).toBe('p');
    expect(target.searchParams.get('filter_path')?.split(',')).toEqual([
      'errors',
      'items.*.status',
      'items.*.result',
      'items.*.failure_store',
      'items.*.error.type',
    ]);
  });
});

describe('an answer of a table', () => {
  const entries = entriesOf([1, 2, 3]);

  it.each<[unknown, readonly number[] | string]>([
    ['', []],
    [{ success: true, result: { committed: 3 } }, []],
    [{ success: true, result: { committed: 2 } }, 'partly_refused'],
    [{ success: false, errors: [{ code: 1 }] }, 'refused'],
    [{ ok: true }, []],
  ])('%j', (body, expected) => {
    expect(read('json-array', body, entries)).toEqual(expected);
  });
});

describe('Datadog', () => {
  const timestampOf = (ageMs: number): unknown => {
    const [entry] = entriesOf([1], TEST_TIME_MS - ageMs);
    return entry === undefined ? null : (JSON.parse(INTAKES.datadog.frame(entry, TEST_TIME_MS)) as object);
  };

  it('gets the time of a record only while it takes records of that age', () => {
    expect(timestampOf(0)).toMatchObject({ timestamp: TEST_TIME_MS });
    expect(timestampOf(16 * HOUR_MS)).toMatchObject({ timestamp: TEST_TIME_MS - 16 * HOUR_MS });
    for (const ageMs of [17 * HOUR_MS, 400 * HOUR_MS, -2 * HOUR_MS])
      expect(timestampOf(ageMs)).not.toHaveProperty('timestamp');
  });

  it('gets a backlog of two days whole', async () => {
    const clock = createFakeClock(TEST_TIME_MS + 48 * HOUR_MS);
    const standIn = createStandIn(datadogLogs, clock, 'key-0123456789');
    const sink = sinkTo(datadogLogs, standIn, clock, { token: async () => 'key-0123456789' });
    const lines = entriesOf([10, 20, 30]).map(({ facts, line }) =>
      JSON.stringify({ id: facts.id, time: facts.time, ...(JSON.parse(line) as object) }),
    );
    await sink.write(lines.map((line, position) => ({ position, kind: 'record', line })));
    expect(standIn.stored.map(({ line }) => line)).toEqual(lines);
  });

  it('reports errors behind a 2xx', () => {
    expect(read('datadog', { errors: [{ title: 'x' }] }, [])).toBe('refused');
    expect(read('datadog', {}, [])).toEqual([]);
  });
});

describe('an intake that would cut an entry and answer 2xx', () => {
  it.each([
    [datadogLogs, 600_000],
    [sentinel, 33_000],
  ])('is not sent such an entry: a stand-in takes its place ($0.name)', async (vendor, tooLong) => {
    const clock = createFakeClock();
    const standIn = createStandIn(vendor, clock, 'key-0123456789');
    const replaced: unknown[] = [];
    const sink = sinkTo(vendor, standIn, clock, {
      token: async () => 'key-0123456789',
      onRefused: ({ facts }, reason) => void replaced.push([facts.seq, reason]),
    });
    const items = [10, tooLong, 20].map((length, n) => ({
      position: (n + 1) * 16,
      kind: 'record' as const,
      line: JSON.stringify({ text: 'ä'.repeat(length) }),
    }));
    await sink.write(items);
    expect(replaced).toEqual([[2, 'too_large']]);
    expect(standIn.stored.map(({ line }) => line.length)).toEqual([21, expect.any(Number), 31]);
    expect(standIn.stored[1]?.line).toContain('"reason":"too_large"');
  });

  it.each([
    [datadogLogs, 600_000],
    [sentinel, 33_000],
  ])('goes on behind any number of such entries in a row ($0.name)', async (vendor, tooLong) => {
    const clock = createFakeClock();
    const standIn = createStandIn(vendor, clock, 'key-0123456789');
    const replaced: number[] = [];
    const sink = sinkTo(vendor, standIn, clock, {
      token: async () => 'key-0123456789',
      onRefused: ({ facts }) => void replaced.push(facts.seq),
    });
    const lengths = [...Array.from({ length: 2 * MOST_REFUSED_IN_A_ROW }, () => tooLong), 10];
    const items = lengths.map((length, n) => ({
      position: (n + 1) * 16,
      kind: 'record' as const,
      line: JSON.stringify({ text: 'ä'.repeat(length) }),
    }));
    await sink.write(items);
    expect(standIn.stored).toHaveLength(items.length);
    expect(standIn.stored.at(-1)?.line).toBe(items.at(-1)?.line);
    expect(replaced).toEqual(items.slice(0, -1).map((_, n) => n + 1));
  });
});
