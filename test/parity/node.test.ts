import { describe } from 'vitest';
import { describeAnswers } from './answers.ts';
import { describeProblems } from './problems.ts';
import { describePromises } from './promises.ts';
import { describeSurface } from './surface.ts';
import { describeTrace } from './trace.ts';

describe('on Node: the surface', () => {
  describeSurface('node');
});
describe('on Node: the problems', () => {
  describeProblems('node');
});
describe('on Node: the promises', () => {
  describePromises('node');
});
describe('on Node: the answers', () => {
  describeAnswers('node');
});
describe('on Node: the trace', () => {
  describeTrace('node');
});
