import { testChapter } from './situation.ts';
import { TOKENS } from './tokens.ts';

testChapter(TOKENS);
