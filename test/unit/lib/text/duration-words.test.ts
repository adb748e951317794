import { describe, expect, it } from 'vitest';
import { durationWords, windowWords } from '../../../../src/lib/text/duration-words.ts';

describe('a wait in words', () => {
  it.each([
    [1, '1 s'],
    [34, '34 s'],
    [59, '59 s'],
    [60, '1 min'],
    [61, '2 min'],
    [3_540, '59 min'],
    [3_541, '1 h'],
    [3_600, '1 h'],
    [3_601, '1 h 1 min'],
    [14_160, '3 h 56 min'],
    [14_101, '3 h 56 min'],
    [86_399, '1 d'],
    [86_400, '1 d'],
    [86_401, '1 d 1 h'],
    [2_678_400, '31 d'],
  ])('is never shorter than %d s: %s', (seconds, words) => {
    expect(durationWords(seconds)).toBe(words);
  });

  it.each([
    [60_000, '1 min'],
    [5_400_000, '1 h 30 min'],
    [86_400_000, '1 day'],
    [604_800_000, '7 days'],
    [129_600_000, '1 d 12 h'],
  ])('names a window of %d ms: %s', (ms, words) => {
    expect(windowWords(ms)).toBe(words);
  });
});
