import { describe } from 'vitest';
import { describeProblems } from './problems.ts';
import { describePromises } from './promises.ts';
import { describeSurface } from './surface.ts';

describe('on Workers: the surface', () => {
  describeSurface('workers');
});
describe('on Workers: the problems', () => {
  describeProblems('workers');
});
describe('on Workers: the promises', () => {
  describePromises('workers');
});
