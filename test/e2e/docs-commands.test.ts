/**
 * The shell blocks of README and docs, run as a reader would: in a checkout, beside a running service. A block that is
 * not run has its reason in docs-commands/plan.ts.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shellBlocks } from './docs-commands/blocks.ts';
import { PLAN, SYNOPSES } from './docs-commands/plan.ts';
import type { Stage } from './docs-commands/stage.ts';
import { openStage } from './docs-commands/stage.ts';

const blocks = shellBlocks().filter(({ page }) => page !== SYNOPSES);

describe('the shell blocks of README and docs', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(async () => await stage.close());

  it('are all in the plan, and the plan has no other', () => {
    const named = blocks.map(({ page, first }) => ({
      block: `${page}: ${first}`,
      rows: PLAN.filter((row) => row.page === page && first.startsWith(row.begins)).length,
    }));
    expect(named.filter(({ rows }) => rows !== 1)).toEqual([]);
    expect(blocks).toHaveLength(PLAN.length);
  });

  it.each(PLAN.filter(({ notRun }) => notRun === undefined))('$page: $begins…', async (planned) => {
    const block = blocks.find(({ page, first }) => page === planned.page && first.startsWith(planned.begins));
    const commands = block?.commands ?? [];
    const { exits, printed } = await stage.run(commands, planned);
    // With what was printed, so that a failure shows it.
    expect({ exits, printed }).toEqual({ exits: planned.exits ?? commands.map(() => 0), printed });
    for (const text of planned.prints ?? []) expect(printed).toContain(stage.filled(text));
  });
});
