import { ANSWERS } from './answers.ts';
import { testChapter } from './situation.ts';

testChapter(ANSWERS);
