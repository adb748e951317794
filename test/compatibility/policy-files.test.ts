import { POLICY_FILES } from './policy-files.ts';
import { testChapter } from './situation.ts';

testChapter(POLICY_FILES);
