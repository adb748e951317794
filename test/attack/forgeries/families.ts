import { FORGED_CHECKPOINTS } from './forged-checkpoints.ts';
import { FORGED_EXTENTS } from './forged-extents.ts';
import { FORGED_FILES } from './forged-files.ts';
import { FORGED_LINE_FORMS } from './forged-line-forms.ts';
import { FORGED_LINES } from './forged-lines.ts';
import { FORGED_RECORDS } from './forged-records.ts';
import { FORGED_REQUESTS } from './forged-requests.ts';
import { FORGED_RESTORES } from './forged-restores.ts';
import { FORGED_STATE } from './forged-state.ts';
import type { LedgerFamily, LineFamily } from './forgery.ts';

/** The tables of docs/forgeries.md, in their order there. */
export const LEDGER_FAMILIES: readonly LedgerFamily[] = [
  FORGED_RECORDS,
  FORGED_EXTENTS,
  FORGED_RESTORES,
  FORGED_CHECKPOINTS,
  FORGED_REQUESTS,
  FORGED_STATE,
  FORGED_FILES,
];

export const LINE_FAMILIES: readonly LineFamily[] = [FORGED_LINES, FORGED_LINE_FORMS];
