import { testChapter } from './situation.ts';
import { UPSTREAM } from './upstream.ts';

testChapter(UPSTREAM);
