import { describe } from 'vitest';
import { describeAnswers } from './answers.ts';
import { describeProblems } from './problems.ts';
import { describePromises } from './promises.ts';
import { describeSurface } from './surface.ts';
import { describeTrace } from './trace.ts';

describe('on Workers: the surface', () => {
  describeSurface('workers');
});
describe('on Workers: the problems', () => {
  describeProblems('workers');
});
describe('on Workers: the promises', () => {
  describePromises('workers');
});
describe('on Workers: the answers', () => {
  describeAnswers('workers');
});
describe('on Workers: the trace', () => {
  describeTrace('workers');
});
