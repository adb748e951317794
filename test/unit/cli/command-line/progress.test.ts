import { describe, expect, it } from 'vitest';
import { counting, createProgress, withProgress } from '../../../../src/cli/command-line/progress.ts';
import type { Terminal } from '../../../../src/cli/command-line/terminal.ts';
import { createFakeClock } from '../../../support/clock.ts';

const ROW = { doing: 'Verifying', unit: 'records', total: 40_000 };
const CLEAR = '\r\u001b[K';

function onTerminal({ showsProgress = true } = {}) {
  const clock = createFakeClock();
  const printed: string[] = [];
  const interrupts = new Set<() => void>();
  const terminal: Terminal = {
    width: () => 80,
    showsProgress: () => showsProgress,
    draw: (text) => void printed.push(text),
    nextTurn: async () => void printed.push('turn'),
    beforeInterrupt(task) {
      interrupts.add(task);
      return () => void interrupts.delete(task);
    },
  };
  return { clock, printed, interrupts, deps: { clock, terminal } };
}

describe('the progress of a command', () => {
  it('rewrites one line on a terminal, and removes it at the end', () => {
    const { clock, printed, deps } = onTerminal();
    const progress = createProgress(ROW, deps, true);
    for (let count = 0; count < 20_000; count += 1) {
      if (count % 10_000 === 0) clock.advance(1_000);
      progress.advance();
    }
    progress.end();
    progress.end();
    expect(printed).toEqual([
      `${CLEAR}Verifying: 1,000 of 40,000 records (2 %)`,
      `${CLEAR}Verifying: 11,000 of 40,000 records (27 %)`,
      CLEAR,
    ]);
  });

  it('prints nothing when stderr is no terminal, and nothing when it is not wanted', () => {
    for (const [showsProgress, isWanted] of [
      [false, true],
      [true, false],
    ] as const) {
      const { clock, printed, deps } = onTerminal({ showsProgress });
      const progress = createProgress(ROW, deps, isWanted);
      clock.advance(60_000);
      progress.advance(1_000_000);
      progress.end();
      expect(printed).toEqual([]);
    }
  });

  it('prints nothing of a task that is soon over', () => {
    const { printed, deps } = onTerminal();
    const progress = createProgress(ROW, deps, true);
    progress.advance(30_000);
    progress.end();
    expect(printed).toEqual([]);
  });

  it('reads the clock once in a thousand items, and writes at most four times a second', () => {
    const { clock, printed, deps } = onTerminal();
    let reads = 0;
    const metered = {
      ...deps,
      clock: {
        now() {
          reads += 1;
          clock.advance(10);
          return clock.now();
        },
      },
    };
    const progress = createProgress({ ...ROW, total: null }, metered, true);
    for (let count = 0; count < 100_000; count += 1) progress.advance();
    expect(reads).toBe(101);
    expect(printed).toHaveLength(4);
    expect(printed[0]).toBe(`${CLEAR}Verifying: 25,000 records`);
  });

  it('has the line removed by Ctrl-C for as long as it is there, and lets a turn handle Ctrl-C after each time it is written', async () => {
    const { clock, printed, interrupts, deps } = onTerminal();
    const progress = createProgress(ROW, deps, true);
    let seen = 0;
    for await (const item of counting(
      Array.from({ length: 2_500 }, (_, index) => index),
      progress,
    )) {
      if (item % 500 === 0) clock.advance(1_000);
      if (item === 100) expect(interrupts.size).toBe(0);
      seen += 1;
    }
    expect(seen).toBe(2_500);
    expect(printed).toEqual([
      `${CLEAR}Verifying: 1,000 of 40,000 records (2 %)`,
      'turn',
      `${CLEAR}Verifying: 2,000 of 40,000 records (5 %)`,
      'turn',
    ]);
    for (const interrupt of interrupts) interrupt();
    expect(printed.at(-1)).toBe(CLEAR);
    progress.end();
    expect(interrupts.size).toBe(0);
  });

  it('does not catch Ctrl-C for a command that takes no turns', () => {
    const { clock, printed, interrupts, deps } = onTerminal();
    const progress = createProgress(ROW, deps, true);
    clock.advance(1_000);
    progress.advance(1_000);
    expect(interrupts.size).toBe(0);
    progress.end();
    expect(printed.at(-1)).toBe(CLEAR);
  });

  it('ends when the task fails, and is not there with --json', async () => {
    const { clock, printed, deps } = onTerminal();
    const failing = async (progress: { advance(count: number): void }) => {
      clock.advance(1_000);
      progress.advance(1_000);
      throw new Error('broken');
    };
    await expect(withProgress(ROW, { call: { options: {} }, deps }, failing)).rejects.toThrow('broken');
    expect(printed.at(-1)).toBe(CLEAR);
    printed.length = 0;
    await expect(withProgress(ROW, { call: { options: { json: true } }, deps }, failing)).rejects.toThrow('broken');
    expect(printed).toEqual([]);
  });
});
