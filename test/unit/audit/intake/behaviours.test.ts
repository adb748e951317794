/**
 * What the sink makes of each answer of each intake: one row a behaviour, for every vendor. A batch is taken whole, or it
 * is offered again with a reason, or one record is replaced; nothing else can happen.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '../../../../src/audit/delivery/entry.ts';
import type { OutboxItem, SinkFailure } from '../../../../src/audit/delivery/sink.ts';
import { SinkError } from '../../../../src/audit/delivery/sink.ts';
import { createFakeClock } from '../../../support/clock.ts';
import type { StandIn } from '../../../support/intakes/stand-in.ts';
import { createStandIn, sinkTo } from '../../../support/intakes/stand-in.ts';
import type { Vendor } from '../../../support/intakes/vendor.ts';
import { VENDORS } from '../../../support/intakes/vendors.ts';
import { auditItems } from '../../../support/audit/audit-items.ts';

const TOKEN = 'intake-token-5f0c2b7a91';

let items: readonly OutboxItem[];
beforeAll(async () => {
  items = await auditItems(Array.from({ length: 7 }, () => ({ kind: 'outcome' as const })));
});

interface Result {
  /** `taken`, or why it is offered again. */
  readonly end: 'taken' | SinkFailure;
  readonly waitMs: number | null;
  /** The positions of replaced items. */
  readonly replaced: readonly number[];
}

interface Setup extends StandIn {
  write(batch?: readonly OutboxItem[]): Promise<Result>;
  /** How often each item arrived, in the order of the batch. */
  arrivals(): readonly number[];
}

function setup(vendor: Vendor, token: () => Promise<string> = async () => TOKEN): Setup {
  const clock = createFakeClock();
  const standIn = createStandIn(vendor, clock, TOKEN);
  const refused: Entry[] = [];
  const sink = sinkTo(vendor, standIn, clock, { token, onRefused: (entry) => void refused.push(entry) });
  return {
    ...standIn,
    async write(batch = items) {
      refused.length = 0;
      const ended = sink.write(batch).then(
        (): Pick<Result, 'end' | 'waitMs'> => ({ end: 'taken', waitMs: null }),
        (error: unknown) => {
          if (!(error instanceof SinkError)) throw error;
          return { end: error.reason, waitMs: error.retryAfterMs };
        },
      );
      // Compressing takes turns of its own, so the timer of a silent intake is awaited and not assumed.
      const isWaiting = clock.until((waitingMs) => waitingMs.length > 0).then(() => true);
      if ((await Promise.race([ended, isWaiting])) === true) await clock.pass(60_000);
      const replaced = refused.map(({ line }) => batch.findIndex((item) => item.line === line));
      return { ...(await ended), replaced };
    },
    arrivals: () => items.map((item) => standIn.stored.filter(({ line }) => line === item.line).length),
  };
}

const NONE = [0, 0, 0, 0, 0, 0, 0, 0];
const ONCE = [1, 1, 1, 1, 1, 1, 1, 1];

/** What an answer means, whatever the vendor: the reason, and the wait that it asks for. */
const ANSWERS: readonly (readonly [
  misconduct: ReturnType<StandIn['conduct']['at']>,
  end: SinkFailure,
  waitMs: number | null,
])[] = [
  ['unreachable', 'unreachable', null],
  ['unauthorized', 'credentials_rejected', null],
  ['forbidden', 'credentials_rejected', null],
  ['throttled', 'rate_limited', 7_000],
  ['busy', 'server_error', 7_000],
  ['error', 'server_error', null],
  ['page', 'wrong_address', null],
  ['redirect', 'wrong_address', null],
  ['not_found', 'wrong_address', null],
  ['silent', 'timeout', null],
  ['answer lost', 'connection_lost', null],
  ['cut half way', 'connection_lost', null],
];
/** After these the intake has some of the batch all the same. */
const MAY_HAVE_STORED: ReadonlySet<string> = new Set(['silent', 'answer lost', 'cut half way']);

describe.each(VENDORS)('$name', (vendor) => {
  it('takes a batch once, with its credentials in the one field that it reads', async () => {
    const intake = setup(vendor);
    expect(await intake.write()).toEqual({ end: 'taken', waitMs: null, replaced: [] });
    expect(intake.arrivals()).toEqual(ONCE);
    expect(intake.requests).toHaveLength(1);
    const carriers = Object.entries(intake.requests[0]?.headers ?? {}).filter(([, value]) => value.includes(TOKEN));
    expect(carriers).toHaveLength(1);
    expect(intake.requests[0]?.url).not.toContain(TOKEN);
    expect(intake.requests[0]?.headers['Content-Encoding']).toBe(vendor.isGzipTaken ? 'gzip' : undefined);
  });

  it.each(ANSWERS)(
    'answers with %s: the batch is offered again (%s), and nothing is replaced',
    async (what, end, waitMs) => {
      const intake = setup(vendor);
      intake.conduct.at = (request) => (request === 1 ? what : 'works');
      expect(await intake.write()).toEqual({ end, waitMs, replaced: [] });
      expect(intake.requests).toHaveLength(1);
      if (!MAY_HAVE_STORED.has(what)) expect(intake.arrivals()).toEqual(NONE);
      expect(await intake.write()).toEqual({ end: 'taken', waitMs: null, replaced: [] });
      // A repeat has the same id, and an intake that knows ids stores it once.
      expect(Math.min(...intake.arrivals())).toBeGreaterThanOrEqual(1);
      if (vendor.isIdUnique) expect(intake.arrivals()).toEqual(ONCE);
      const ids = new Set(intake.stored.map(({ id }) => id));
      expect(ids.size).toBe(items.length);
    },
  );

  it('wants fewer entries at once: the batch is too large, and its halves are not', async () => {
    const intake = setup(vendor);
    intake.conduct.mostEntries = 4;
    expect(await intake.write()).toMatchObject({ end: 'too_large', replaced: [] });
    expect(await intake.write(items.slice(0, 4))).toMatchObject({ end: 'taken' });
    expect(await intake.write(items.slice(4))).toMatchObject({ end: 'taken' });
    expect(intake.arrivals()).toEqual(ONCE);
  });

  it('has no room for one entry alone: a stand-in takes its place where that has room', async () => {
    const intake = setup(vendor);
    intake.conduct.mostEntries = 0;
    expect(await intake.write(items.slice(0, 1))).toMatchObject({ end: 'too_large', replaced: [] });
    expect(intake.requests).toHaveLength(2);
  });

  it.each([0, 3, 7])(
    'refuses the entry at %d for its content: a stand-in takes its place, and the others arrive',
    async (bad) => {
      const intake = setup(vendor);
      intake.conduct.refuses = ({ line }) => line === items[bad]?.line;
      expect(await intake.write()).toEqual({ end: 'taken', waitMs: null, replaced: [bad] });
      const arrivals = intake.arrivals();
      expect(arrivals[bad]).toBe(0);
      expect(arrivals.filter((count) => count > 0)).toHaveLength(items.length - 1);
      const standIns = intake.stored.filter(({ line }) => line.includes('"kind":"not_taken"'));
      expect(standIns).toHaveLength(1);
      expect(JSON.parse(standIns[0]?.line ?? '')).toMatchObject({ audit_seq: bad === 7 ? 7 : bad + 1 });
      // The record can be added later: its own id is free.
      expect(standIns[0]?.id).not.toBe((JSON.parse(items[bad]?.line ?? '') as { id: string }).id);
    },
  );

  it('refuses everything: the batch is offered again, after a few requests, and nothing is replaced', async () => {
    const intake = setup(vendor);
    intake.conduct.refuses = () => true;
    const { end, replaced } = await intake.write();
    expect(['content_refused', 'partly_refused']).toContain(end);
    expect(replaced).toEqual([]);
    expect(intake.arrivals()).toEqual(NONE);
    expect(intake.requests.length).toBeLessThanOrEqual(6);
    intake.conduct.refuses = () => false;
    expect(await intake.write()).toMatchObject({ end: 'taken' });
    expect(intake.arrivals()).toEqual(ONCE);
  });

  it('refuses records as such and takes stand-ins: the sink stops after ten, and nothing is left out behind them', async () => {
    const intake = setup(vendor);
    intake.conduct.refuses = ({ line }) => !line.includes('"kind":"not_taken"');
    const ends: string[] = [];
    for (let n = 0; n < 12; n += 1) ends.push((await intake.write(items.slice(0, 1))).end);
    expect(ends.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => 'taken'));
    expect(ends.slice(10).every((end) => end === 'content_refused' || end === 'partly_refused')).toBe(true);
  });

  it('has a new token: the next request has it', async () => {
    let token = 'expired-token-1';
    const intake = setup(vendor, async () => token);
    expect(await intake.write()).toMatchObject({ end: 'credentials_rejected' });
    token = TOKEN;
    expect(await intake.write()).toMatchObject({ end: 'taken' });
    expect(intake.arrivals()).toEqual(ONCE);
  });

  it('is asked nothing while there is no token to be had', async () => {
    const intake = setup(vendor, () => Promise.reject(new Error(`held ${TOKEN}`)));
    expect(await intake.write()).toMatchObject({ end: 'token_unavailable' });
    expect(intake.requests).toEqual([]);
  });

  it('gets a batch again: the repeats are recognised by their ids', async () => {
    const intake = setup(vendor);
    await intake.write();
    expect(await intake.write()).toMatchObject({ end: 'taken', replaced: [] });
    expect(intake.arrivals()).toEqual(vendor.isIdUnique ? ONCE : ONCE.map(() => 2));
    expect(new Set(intake.stored.map(({ id }) => id)).size).toBe(items.length);
  });
});

describe.each(VENDORS.filter(({ isIdUnique }) => isIdUnique))('$name', (vendor) => {
  it('throttles a part of a batch behind a 200: the batch is offered again, and what was taken is a conflict', async () => {
    const intake = setup(vendor);
    intake.conduct.throttles = ({ line }) => items.findIndex((item) => item.line === line) >= 5;
    expect(await intake.write()).toMatchObject({ end: 'rate_limited', replaced: [] });
    expect(intake.arrivals()).toEqual([1, 1, 1, 1, 1, 0, 0, 0]);
    intake.conduct.throttles = () => false;
    expect(await intake.write()).toMatchObject({ end: 'taken' });
    expect(intake.arrivals()).toEqual(ONCE);
  });

  it('refuses several entries by name: each gets its stand-in with one more request', async () => {
    const intake = setup(vendor);
    intake.conduct.refuses = ({ line }) => items.findIndex((item) => item.line === line) % 2 === 1;
    expect(await intake.write()).toMatchObject({ end: 'taken', replaced: [1, 3, 5, 7] });
    expect(intake.requests).toHaveLength(2);
  });
});
