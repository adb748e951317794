import { FILES } from './files.ts';
import { testChapter } from './situation.ts';

testChapter(FILES);
