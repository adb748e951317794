import type { Chapter } from './situation.ts';
import { ANSWERS } from './answers.ts';
import { EGRESS } from './egress.ts';
import { FILES } from './files.ts';
import { HTTP } from './http.ts';
import { KEY_SETS } from './key-sets.ts';
import { LOGS } from './logs.ts';
import { POLICY_FILES } from './policy-files.ts';
import { TOKENS } from './tokens.ts';
import { UPSTREAM } from './upstream.ts';

/** The chapters of docs/compatibility.md, in their order there. */
export const CHAPTERS: readonly Chapter[] = [
  TOKENS,
  KEY_SETS,
  HTTP,
  EGRESS,
  UPSTREAM,
  FILES,
  LOGS,
  POLICY_FILES,
  ANSWERS,
];
