import { KEY_SETS } from './key-sets.ts';
import { testChapter } from './situation.ts';

testChapter(KEY_SETS);
