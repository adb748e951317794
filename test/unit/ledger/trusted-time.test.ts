import { describe, expect, it } from 'vitest';
import {
  clockDoubtMs,
  DISSENT_MS,
  hearWitness,
  startTime,
  timeAt,
  TOLERANCE_MS,
} from '../../../src/ledger/trusted-time.ts';
import type { TrustedTime, Witness } from '../../../src/ledger/trusted-time.ts';
import { TEST_TIME_MS as NOW } from '../../support/clock.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../support/ledger/ledger.ts';

const NEW = { trustedMs: 0, witnessedMs: null };
/** A ledger that was closed right now, after a witness. */
const CLOSED = { trustedMs: NOW, witnessedMs: NOW };

function simulate(stored: Parameters<typeof startTime>[0], machineMs = NOW) {
  const clocks = { machineMs, monotonicMs: 100 };
  let time: TrustedTime = startTime(stored, clocks);
  return {
    clocks,
    now: () => timeAt(time, clocks),
    doubtMs: () => clockDoubtMs(time, clocks),
    state: () => time,
    hear(atMs: number, kind: Witness['kind'] = 'now') {
      time = hearWitness(time, { atMs, kind }, clocks);
    },
    pass(ms: number) {
      clocks.machineMs += ms;
      clocks.monotonicMs += ms;
    },
  };
}

describe('trusted time', () => {
  it('begins with the machine’s clock in a new ledger, and with the stored time in every other', () => {
    expect(simulate(NEW).now()).toBe(NOW);
    expect(simulate(CLOSED, NOW + 8 * DAY_MS).now()).toBe(NOW);
    expect(simulate(CLOSED, NOW - 8 * DAY_MS).now()).toBe(NOW);
  });

  it('runs with the monotonic clock, whatever happens to the machine’s', () => {
    const time = simulate(CLOSED);
    time.pass(HOUR_MS);
    time.clocks.machineMs += DAY_MS;
    time.pass(0.5);
    expect(time.now()).toBe(NOW + HOUR_MS);
    time.clocks.machineMs -= 9 * DAY_MS;
    expect(time.now()).toBe(NOW + HOUR_MS);
  });

  it('follows a witness that shows downtime when the machine’s clock shows it, too', () => {
    const time = simulate(CLOSED, NOW + 3 * DAY_MS);
    time.hear(NOW + 3 * DAY_MS - 1000);
    expect(time.now()).toBe(NOW + 3 * DAY_MS - 1000);
    expect(time.state().forward).toEqual([{ byMs: 3 * DAY_MS - 1000, toMs: NOW + 3 * DAY_MS - 1000 }]);
  });

  it('moves back for a witness that the machine’s clock agrees with', () => {
    const time = simulate({ ...CLOSED, trustedMs: NOW + 8 * DAY_MS });
    time.hear(NOW);
    expect(time.now()).toBe(NOW);
    expect(time.state()).toMatchObject({ hasMovedBack: true, forward: [] });
  });

  it('forgets the part of a move forward that a move back undoes, so that no later write repeats it', () => {
    const time = simulate(CLOSED, NOW + 3 * DAY_MS);
    time.hear(NOW + 3 * DAY_MS);
    time.clocks.machineMs = NOW + 2 * DAY_MS;
    time.hear(NOW + 2 * DAY_MS);
    expect(time.state().forward).toEqual([{ byMs: 2 * DAY_MS, toMs: NOW + 2 * DAY_MS }]);
    time.clocks.machineMs = NOW;
    time.hear(NOW);
    expect(time.state()).toMatchObject({ hasMovedBack: true, forward: [] });
  });

  it.each([
    ['ahead', TOLERANCE_MS, TOLERANCE_MS],
    ['behind', -TOLERANCE_MS, 0],
  ])('never moves back within the tolerance: a witness %s of it', (_where, byMs, expected) => {
    const time = simulate(CLOSED);
    time.hear(NOW + byMs);
    expect(time.now() - NOW).toBe(expected);
    expect(time.state()).toMatchObject({ hasMovedBack: false, forward: [], witnessedMs: NOW + expected });
  });

  it.each([8 * DAY_MS, -8 * DAY_MS])('ignores a witness that is alone in its opinion (%i ms)', (byMs) => {
    const time = simulate(CLOSED);
    time.hear(NOW);
    for (let minutes = 0; minutes < 60; minutes += 1) {
      time.hear(time.now() + byMs);
      time.pass(MINUTE_MS);
    }
    expect(time.now()).toBe(NOW + HOUR_MS);
  });

  it.each([2 * DAY_MS, -2 * DAY_MS])(
    'follows witnesses that agree for ten minutes when nothing else does (%i ms)',
    (byMs) => {
      const time = simulate(CLOSED, NOW - 700 * DAY_MS);
      time.hear(NOW + byMs);
      time.pass(DISSENT_MS - 1);
      time.hear(NOW + byMs + DISSENT_MS - 1);
      expect(time.now()).toBe(NOW + DISSENT_MS - 1);
      time.pass(1);
      time.hear(NOW + byMs + DISSENT_MS);
      expect(time.now()).toBe(NOW + byMs + DISSENT_MS);
    },
  );

  it('does not follow one `Date` that a cache repeats, nor witnesses that contradict each other', () => {
    const time = simulate(CLOSED, NOW - 700 * DAY_MS);
    for (let minutes = 0; minutes < 60; minutes += 1) {
      time.hear(NOW - 3 * HOUR_MS);
      time.pass(MINUTE_MS);
    }
    for (let minutes = 0; minutes < 60; minutes += 5) {
      time.hear(time.now() + 2 * DAY_MS);
      time.hear(time.now());
      time.pass(5 * MINUTE_MS);
    }
    expect(time.now()).toBe(NOW + 2 * HOUR_MS);
  });

  it('takes an issued token as the earliest time only, and only when the machine’s clock agrees', () => {
    const time = simulate(CLOSED, NOW + DAY_MS);
    time.hear(NOW + HOUR_MS, 'at_least');
    expect(time.now()).toBe(NOW + HOUR_MS);
    time.hear(NOW, 'at_least');
    time.hear(NOW + DAY_MS + TOLERANCE_MS + 1, 'at_least');
    expect(time.now()).toBe(NOW + HOUR_MS);
  });
});

describe('the machine’s clock', () => {
  it('is doubted while it is behind, and ahead once a witness has been heard', () => {
    expect(simulate(CLOSED, NOW - MINUTE_MS).doubtMs()).toBe(-MINUTE_MS);
    const time = simulate(CLOSED, NOW + MINUTE_MS);
    expect(time.doubtMs()).toBe(0);
    time.hear(NOW);
    expect(time.doubtMs()).toBe(MINUTE_MS);
    time.clocks.machineMs = NOW + TOLERANCE_MS;
    expect(time.doubtMs()).toBe(0);
  });

  it('is doubted while witnesses contradict it', () => {
    const time = simulate(CLOSED, NOW + MINUTE_MS);
    time.hear(NOW + DAY_MS);
    expect(time.doubtMs()).toBe(MINUTE_MS);
  });
});
