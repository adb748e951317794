import { HTTP } from './http.ts';
import { testChapter } from './situation.ts';

testChapter(HTTP);
