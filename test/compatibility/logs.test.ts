import { LOGS } from './logs.ts';
import { testChapter } from './situation.ts';

testChapter(LOGS);
