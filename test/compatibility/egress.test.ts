import { EGRESS } from './egress.ts';
import { testChapter } from './situation.ts';

testChapter(EGRESS);
