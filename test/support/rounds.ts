/**
 * How many random cases a property test tries: `few` in the ordinary run, `all` with ALL_ROUNDS=1, which .ci/run sets.
 * Every run tries new cases. `few` is still enough for a test's own check of its generator to hold every time.
 */
const ALL = process.env['ALL_ROUNDS'] === '1';

export function rounds(few: number, all: number): number {
  return ALL ? all : few;
}
