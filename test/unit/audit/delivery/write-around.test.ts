import { describe, expect, it } from 'vitest';
import type { Entry } from '../../../../src/audit/delivery/entry.ts';
import { entryOf, NOT_TAKEN } from '../../../../src/audit/delivery/entry.ts';
import { positionOf } from '../../../../src/audit/delivery/outbox-position.ts';
import { reportRefused } from '../../../../src/audit/delivery/report-refused.ts';
import { SinkError } from '../../../../src/audit/delivery/sink.ts';
import type { SinkFailure } from '../../../../src/audit/delivery/sink.ts';
import { createWriteAround, MOST_REFUSED_IN_A_ROW } from '../../../../src/audit/delivery/write-around.ts';
import type { LogFields } from '../../../../src/ports/logger.ts';
import { testUuid7, TEST_TIME_MS } from '../../../support/clock.ts';

function entriesOf(...seqs: readonly number[]): readonly Entry[] {
  return seqs.map((seq) => ({
    facts: { kind: 'intent', id: testUuid7(seq), time: new Date(TEST_TIME_MS).toISOString(), seq, request: null },
    line: `{"seq":${String(seq)}}`,
  }));
}

const range = (length: number): readonly Entry[] => entriesOf(...Array.from({ length }, (_, n) => n + 1));

interface Conduct {
  /** The seqs that the destination refuses. */
  readonly refuses: (seq: number) => boolean;
  readonly takesStandIns?: boolean;
  /** Refuses the request as a whole for this reason, or names the refused entries. */
  readonly as: SinkFailure | 'by name';
}

/** A destination that refuses some entries. `taken` is what it has, in order; a stand-in is negative. */
function setup({ refuses, takesStandIns = true, as }: Conduct) {
  const taken: number[] = [];
  const reported: unknown[] = [];
  let requests = 0;
  const isStandIn = ({ line }: Entry): boolean => line.includes(`"kind":"${NOT_TAKEN}"`);
  const isRefused = (entry: Entry): boolean => (isStandIn(entry) ? !takesStandIns : refuses(entry.facts.seq));
  const write = createWriteAround({
    async post(entries) {
      requests += 1;
      const refused = entries.filter(isRefused);
      if (refused.length > 0 && as !== 'by name') throw new SinkError(as);
      const good = entries.filter((entry) => !refused.includes(entry));
      taken.push(...good.map((entry) => (isStandIn(entry) ? -entry.facts.seq : entry.facts.seq)));
      return refused;
    },
    onRefused: ({ facts }, reason) => void reported.push([facts.seq, reason]),
  });
  return { write, taken, reported, requests: () => requests };
}

describe('a write around what the destination refuses', () => {
  it('sends entries that are taken in one request', async () => {
    const { write, taken, reported, requests } = setup({ refuses: () => false, as: 'content_refused' });
    await write(range(100));
    expect([taken.length, reported, requests()]).toEqual([100, [], 1]);
  });

  it.each(['content_refused', 'partly_refused'] as const)(
    'finds the one that a request fails for, and puts a stand-in in its place: %s',
    async (reason) => {
      for (const bad of [1, 37, 64, 100]) {
        const { write, taken, reported, requests } = setup({ refuses: (seq) => seq === bad, as: reason });
        await write(range(100));
        const expected = Array.from({ length: 100 }, (_, n) => (n + 1 === bad ? -bad : n + 1));
        expect(taken).toEqual(expected);
        expect(reported).toEqual([[bad, reason]]);
        // Twice the depth of the halving, and the stand-in.
        expect(requests()).toBeLessThanOrEqual(16);
      }
    },
  );

  it('replaces those that the answer names, and sends nothing else again', async () => {
    const { write, taken, reported, requests } = setup({ refuses: (seq) => seq % 2 === 0, as: 'by name' });
    await write(range(60));
    expect(taken.filter((seq) => seq > 0)).toHaveLength(30);
    expect(taken.filter((seq) => seq < 0)).toHaveLength(30);
    expect(reported).toHaveLength(30);
    expect(requests()).toBe(2);
  });

  it('replaces an entry that is too large alone, and leaves halving to the caller', async () => {
    const { write, taken, reported } = setup({ refuses: (seq) => seq === 2, as: 'too_large' });
    await expect(write(entriesOf(1, 2))).rejects.toMatchObject({ reason: 'too_large' });
    await write(entriesOf(2));
    expect([taken, reported]).toEqual([[-2], [[2, 'too_large']]]);
  });

  it.each<Conduct['as']>(['content_refused', 'partly_refused', 'too_large', 'by name'])(
    'fails and reports nothing where the stand-in is refused, too: %s',
    async (as) => {
      const { write, taken, reported, requests } = setup({ refuses: () => true, takesStandIns: false, as });
      const reason = as === 'by name' ? 'content_refused' : as;
      await expect(write(entriesOf(1))).rejects.toMatchObject({ reason });
      expect([taken, reported, requests()]).toEqual([[], [], 2]);
    },
  );

  it('asks little of a destination that refuses everything', async () => {
    const { write, requests } = setup({ refuses: () => true, takesStandIns: false, as: 'content_refused' });
    await expect(write(range(100))).rejects.toMatchObject({ reason: 'content_refused' });
    expect(requests()).toBeLessThanOrEqual(9);
  });

  it('stops with the tenth in a row, and goes on when one is taken', async () => {
    let isMended = false;
    const { write, taken, reported } = setup({ refuses: () => !isMended, as: 'content_refused' });
    for (let n = 1; n <= MOST_REFUSED_IN_A_ROW; n += 1) await write(entriesOf(n));
    await expect(write(entriesOf(50))).rejects.toMatchObject({ reason: 'content_refused' });
    await expect(write(entriesOf(50))).rejects.toMatchObject({ reason: 'content_refused' });
    expect(reported).toHaveLength(MOST_REFUSED_IN_A_ROW);
    isMended = true;
    await write(entriesOf(50));
    expect(taken.at(-1)).toBe(50);
    isMended = false;
    await write(entriesOf(51));
    expect(reported).toHaveLength(MOST_REFUSED_IN_A_ROW + 1);
  });

  it('stops also where the answer names all of them', async () => {
    const { write, reported } = setup({ refuses: () => true, as: 'by name' });
    await expect(write(range(MOST_REFUSED_IN_A_ROW + 1))).rejects.toMatchObject({ reason: 'content_refused' });
    expect(reported).toEqual([]);
  });

  it.each(['unreachable', 'credentials_rejected', 'rate_limited', 'refused', 'wrong_address'] as const)(
    'passes on what is no entry’s fault: %s',
    async (reason) => {
      const { write, taken, requests } = setup({ refuses: (seq) => seq === 3, as: reason });
      await expect(write(range(4))).rejects.toMatchObject({ reason });
      expect([taken, requests()]).toEqual([[], 1]);
    },
  );

  it('passes on what happens to the stand-in, so that the entry is offered again', async () => {
    const failures: SinkFailure[] = ['content_refused', 'connection_lost'];
    const write = createWriteAround({
      async post() {
        throw new SinkError(failures.shift() ?? 'unreachable');
      },
      onRefused: () => expect.unreachable(),
    });
    await expect(write(entriesOf(1))).rejects.toMatchObject({ reason: 'connection_lost' });
  });

  it('leaves an exception of its own as it is', async () => {
    const write = createWriteAround({
      post: () => Promise.reject(new TypeError('a bug')),
      onRefused: () => expect.unreachable(),
    });
    await expect(write(range(2))).rejects.toThrow(TypeError);
  });
});

describe('a stand-in', () => {
  it('says which item is not there and why, and has nothing of its content', async () => {
    const lines: string[] = [];
    const write = createWriteAround({
      async post([entry]) {
        lines.push(entry?.line ?? '');
        if (lines.length === 1) throw new SinkError('content_refused');
        return [];
      },
      onRefused: () => undefined,
    });
    await write([
      entryOf({ position: positionOf(58), kind: 'record', line: '{"id":"x","note":"ann@acme.com"}' }, 'native'),
    ]);
    expect(JSON.parse(lines[1] ?? '')).toEqual({
      kind: NOT_TAKEN,
      reason: 'content_refused',
      of: 'unreadable',
      audit_id: 'unreadable-58',
      audit_seq: 58,
      at: null,
      length: 32,
      detail: 'The destination refused this item. The ledger has it: export it with audit export.',
    });
  });
});

it('a refused item is one line in the log and one count, without its content', () => {
  const log: (LogFields & { event: string })[] = [];
  const counted: unknown[] = [];
  const report = reportRefused('http', {
    logger: { error: (event, fields = {}) => void log.push({ event, ...fields }) },
    metrics: { count: (name, labels) => void counted.push([name, labels]) },
  });
  for (const entry of entriesOf(7)) report(entry, 'too_large');
  expect(log).toEqual([
    { event: 'audit_item_refused', sink: 'http', reason: 'too_large', kind: 'intent', seq: 7, id: testUuid7(7) },
  ]);
  expect(counted).toEqual([['audit_items_refused', { sink: 'http', reason: 'too_large' }]]);
});
