import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';

/**
 * A vitest reporter that lists every skipped test with its reason at the end of the run. The reason is the note of the
 * skip, or a parenthesis in the title of the test or of a suite around it. A skip without a reason fails the
 * run. Silent where -t or `only` selects tests, because that skips all others.
 */
export default class ListSkips implements Reporter {
  #isSelection = false;

  onInit({ config }: Vitest): void {
    this.#isSelection = config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const all = modules.flatMap((module) => [...module.children.allTests()]);
    if (this.#isSelection || all.some(({ options }) => options.mode === 'only')) return;
    const skipped = all.filter((test) => test.result().state === 'skipped');
    if (skipped.length === 0) return;
    const lines = skipped.map((test) => `  ${test.module.relativeModuleId} > ${test.fullName}${reasonOf(test)}\n`);
    process.stdout.write(`\n Skipped, ${String(skipped.length)} of ${String(all.length)} tests:\n${lines.join('')}\n`);
    if (lines.some((line) => line.endsWith(`${NO_REASON}\n`))) process.exitCode = 1;
  }
}

const NO_REASON = ': NO REASON GIVEN';

/** What the title does not already say. */
function reasonOf(test: TestCase): string {
  const result = test.result();
  if (result.state === 'skipped' && result.note !== undefined) return `: ${result.note}`;
  return /\(.+\)/.test(test.fullName) ? '' : NO_REASON;
}
