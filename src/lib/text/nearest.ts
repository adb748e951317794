/**
 * Finds the known name that a mistyped name most likely means. Pure. It compares without regard to case and to the
 * characters that join words, because `clientId`, `client-id` and `CLIENT_ID` are one name in three spellings. It
 * returns known names only, so its result never repeats the input.
 */

/** A longer word is no mistyped name. Comparing it would cost time that grows with its length. */
const MAX_LENGTH = 100;

/** The candidate most similar to `word`; null when none is similar enough. The first of equals. */
export function nearest(word: string, candidates: readonly string[]): string | null {
  if (word.length > MAX_LENGTH) return null;
  const plain = plainForm(word);
  const ranked = candidates
    .map((candidate) => ({ candidate, steps: distance(plain, plainForm(candidate)) }))
    .toSorted((a, b) => a.steps - b.steps);
  const best = ranked[0];
  return best !== undefined && best.steps <= Math.max(1, Math.floor(best.candidate.length / 3)) ? best.candidate : null;
}

/** The end of a sentence about an unknown name: "; did you mean audience?", or nothing. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const meant = nearest(word, candidates);
  return meant === null ? '' : `; did you mean ${meant}?`;
}

function plainForm(word: string): string {
  return word.toLowerCase().replaceAll(/[-_. ]/g, '');
}

/** The Levenshtein distance, with a swap of two adjacent characters counted as one step. */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      current.push(
        Math.min(
          (above[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (above[column - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (before[column - 2] ?? 0) + 1 : Infinity,
        ),
      );
    }
    before = above;
    above = current;
  }
  return above[b.length] ?? 0;
}
