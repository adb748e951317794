import { describe, expect, it } from 'vitest';

import { createBreaker, type Breaker, type BreakerVerdict } from '../../../src/upstream/breaker.ts';
import { createFakeClock } from '../../support/clock.ts';

function setUp() {
  const clock = createFakeClock();
  return { clock, breaker: createBreaker({ clock, threshold: 3, openMs: 5_000 }) };
}

function pass(breaker: Breaker): (verdict: BreakerVerdict) => void {
  const entry = breaker.enter();
  if (entry.kind !== 'pass') throw new Error('was refused');
  return entry.report;
}

function fail(breaker: Breaker, times = 3): void {
  for (let n = 0; n < times; n += 1) pass(breaker)('failure');
}

describe('a closed breaker', () => {
  it('opens at the threshold and not before', () => {
    const { breaker } = setUp();
    fail(breaker, 2);
    expect(breaker.state()).toBe('closed');
    fail(breaker, 1);
    expect(breaker.enter()).toEqual({ kind: 'refused', retryAfterS: 5 });
  });

  it('starts counting anew after a success', () => {
    const { breaker } = setUp();
    fail(breaker, 2);
    pass(breaker)('success');
    fail(breaker, 2);
    expect(breaker.state()).toBe('closed');
  });

  it('keeps its count across answers that a caller brought about', () => {
    const { breaker } = setUp();
    fail(breaker, 2);
    pass(breaker)('ignored');
    fail(breaker, 1);
    expect(breaker.state()).toBe('open');
  });
});

describe('an open breaker', () => {
  it('does not listen to what left before it opened', () => {
    const { breaker } = setUp();
    const late = pass(breaker);
    const later = pass(breaker);
    fail(breaker);
    late('success');
    later('failure');
    expect(breaker.enter()).toEqual({ kind: 'refused', retryAfterS: 5 });
  });

  it('lets exactly one probe through when its time is over', () => {
    const { clock, breaker } = setUp();
    fail(breaker);
    clock.advance(4_001);
    expect(breaker.enter()).toEqual({ kind: 'refused', retryAfterS: 1 });
    clock.advance(999);
    expect(breaker.enter().kind).toBe('pass');
    expect(breaker.enter()).toEqual({ kind: 'refused', retryAfterS: 5 });
  });

  it('does not stay open longer because the clock stepped back', () => {
    const { clock, breaker } = setUp();
    fail(breaker);
    clock.advance(-3_600_000);
    expect(breaker.enter().kind).toBe('pass');
  });
});

describe('a half-open breaker', () => {
  it.each(['success', 'ignored'] as const)('closes when the probe brings %s', (verdict) => {
    const { clock, breaker } = setUp();
    fail(breaker);
    clock.advance(5_000);
    pass(breaker)(verdict);
    expect(breaker.state()).toBe('closed');
    fail(breaker, 2);
    expect(breaker.state()).toBe('closed');
  });

  it('opens again for the whole time when the probe fails', () => {
    const { clock, breaker } = setUp();
    fail(breaker);
    clock.advance(5_000);
    const probe = pass(breaker);
    clock.advance(1_000);
    probe('failure');
    expect(breaker.enter()).toEqual({ kind: 'refused', retryAfterS: 5 });
  });

  it('sends another probe when the first never comes back, and then does not listen to it', () => {
    const { clock, breaker } = setUp();
    fail(breaker);
    clock.advance(5_000);
    const lost = pass(breaker);
    clock.advance(5_000);
    const second = pass(breaker);
    lost('success');
    expect(breaker.state()).toBe('half_open');
    second('success');
    expect(breaker.state()).toBe('closed');
  });
});
