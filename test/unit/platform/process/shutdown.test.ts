import { describe, expect, it } from 'vitest';
import type { Shutdown } from '../../../../src/platform/node/process/shutdown.ts';
import {
  createShutdown,
  CUT_AFTER_MS,
  DEADLINE_MS,
  UndoneStepError,
} from '../../../../src/platform/node/process/shutdown.ts';
import { createFakeClock, promisesSettled } from '../../../support/clock.ts';
import { recordLogs } from '../../../support/upstream.ts';

/** A simulated process: it records the events in order, and the exit codes. */
function createProcess(overrides: Partial<Shutdown> = {}) {
  const events: string[] = [];
  const schedule = createFakeClock();
  const logger = recordLogs();
  const step = (name: string) => ({ name, run: async () => void events.push(name) });
  const shutDown = createShutdown(
    {
      logger,
      begin: () => void events.push('not ready'),
      graceMs: 0,
      cut: () => void events.push('cut'),
      steps: [step('listener'), step('ledger')],
      flush: async () => void events.push('flush'),
      ...overrides,
    },
    { ...schedule, exit: (code) => void events.push(`exit ${String(code)}`) },
  );
  return { events, schedule, logger, shutDown };
}

describe('a shutdown', () => {
  it('takes the readiness off, runs every step in order, lets the log out and exits 0', async () => {
    const { events, shutDown } = createProcess();
    await shutDown('SIGTERM');
    expect(events).toEqual(['not ready', 'listener', 'ledger', 'flush', 'exit 0']);
  });

  it('serves for the grace period after SIGTERM, not ready from the first moment', async () => {
    const { events, schedule, shutDown } = createProcess({ graceMs: 3_000 });
    const ended = shutDown('SIGTERM');
    await promisesSettled();
    expect(events).toEqual(['not ready']);
    schedule.advance(2_999);
    await promisesSettled();
    expect(events).toEqual(['not ready']);
    schedule.advance(1);
    await ended;
    expect(events).toEqual(['not ready', 'listener', 'ledger', 'flush', 'exit 0']);
  });

  it('has no grace period after Ctrl-C', async () => {
    const { events, shutDown } = createProcess({ graceMs: 3_000 });
    await shutDown('SIGINT');
    expect(events.at(-1)).toBe('exit 0');
  });

  it('runs the other steps when one fails, names it, and exits 1', async () => {
    const { events, logger, shutDown } = createProcess({
      steps: [
        { name: 'audit delivery', run: () => Promise.reject(new Error('to ann@acme.com')) },
        { name: 'ledger', run: async () => undefined },
      ],
    });
    await shutDown('SIGTERM');
    expect(events.at(-1)).toBe('exit 1');
    expect(logger.lines).toContainEqual({
      level: 'error',
      event: 'shutdown_step_failed',
      fields: { step: 'audit delivery' },
    });
    expect(JSON.stringify(logger.lines)).not.toContain('@');
  });

  it('says what a step has not done, where the step says it', async () => {
    const { events, logger, shutDown } = createProcess({
      steps: [
        { name: 'record of the stop', run: () => Promise.reject(new UndoneStepError('the stop is not on record')) },
      ],
    });
    await shutDown('SIGTERM');
    expect(events.at(-1)).toBe('exit 1');
    expect(logger.lines.at(-2)).toEqual({
      level: 'error',
      event: 'shutdown_step_failed',
      fields: { step: 'record of the stop', problem: 'the stop is not on record' },
    });
  });

  it('cuts what is still upstream in time to record it, so that the listener can close and the exit is 0', async () => {
    const answered = Promise.withResolvers<void>();
    const { events, schedule, shutDown } = createProcess({
      cut: () => answered.resolve(),
      steps: [{ name: 'listener', run: () => answered.promise }],
    });
    const ended = shutDown('SIGTERM');
    schedule.advance(CUT_AFTER_MS - 1);
    await promisesSettled();
    expect(events).toEqual(['not ready']);
    schedule.advance(1);
    await ended;
    expect(events).toEqual(['not ready', 'flush', 'exit 0']);
  });

  it('ends within 20 s when a step hangs, with exit code 1', async () => {
    const { events, schedule, logger, shutDown } = createProcess({
      steps: [{ name: 'audit delivery', run: () => new Promise(() => undefined) }],
    });
    void shutDown('SIGTERM');
    schedule.advance(DEADLINE_MS);
    expect(events).toEqual(['not ready', 'cut', 'exit 1']);
    expect(logger.lines.map(({ event }) => event)).toContain('shutdown_deadline_passed');
    expect(DEADLINE_MS).toBeLessThan(20_000);
  });

  it('ends at once when the same signal comes again, and not when Ctrl-C reaches it by two ways', async () => {
    const { events, shutDown } = createProcess({ graceMs: 3_000 });
    void shutDown('SIGTERM');
    await shutDown('SIGINT');
    expect(events).toEqual(['not ready']);
    await shutDown('SIGTERM');
    expect(events).toEqual(['not ready', 'exit 1']);
  });
});
