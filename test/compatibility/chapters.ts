import { EGRESS } from './egress.ts';
import type { Chapter } from './situation.ts';
import { TOKENS } from './tokens.ts';

/** The chapters of docs/compatibility.md, in their order there. */
export const CHAPTERS: readonly Chapter[] = [TOKENS, EGRESS];
