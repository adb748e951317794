import type { LedgerForger } from './ledger-forger.ts';
import type { LineForger } from './line-forger.ts';

/**
 * A forgery, and what `audit verify` says of it with each kind of evidence. The rows are tests (forgeries.test.ts) and
 * the tables of docs/forgeries.md (describe-forgeries.ts), so the page claims only what was tried. A forgery that
 * verification cannot find is a row, too, with the reason.
 */
export interface Forgery<Target> {
  /** What the attacker did, as a noun phrase with a participle; Markdown. */
  readonly forgery: string;
  readonly forge: (target: Target) => void | Promise<void>;
  readonly finds: Finds;
  /** Why it is not found, or what the answer means; a sentence, Markdown. */
  readonly because?: string;
}

/** What the auditor has besides the forged trail. */
export const EVIDENCE = {
  alone: 'alone',
  kept: 'with a kept checkpoint',
  key: 'with the public key',
  both: 'with both',
  copy: 'and the other copy',
} as const;

export type Evidence = keyof typeof EVIDENCE;

/**
 * The verdict, and of a broken trail each finding as `kind record @ place`. Of an intact one the records that are not
 * proven follow. A refused ledger has the reason.
 */
export type Finds = Readonly<Record<Evidence, string>>;

export interface Family<Target> {
  readonly title: string;
  /** One or two sentences above the table; Markdown. */
  readonly about: string;
  readonly forgeries: readonly Forgery<Target>[];
}

export type LedgerFamily = Family<LedgerForger>;
export type LineFamily = Family<LineForger>;

/** The same with every evidence. */
export const always = (found: string): Finds => ({ alone: found, kept: found, key: found, both: found, copy: found });

/** As without a forgery: the records behind the evidence are not proven, but nothing is found. */
export const UNSEEN: Finds = {
  alone: 'intact, not proven 1-63',
  kept: 'intact, not proven 25-63',
  key: 'intact, not proven 37-63',
  both: 'intact, not proven 37-63',
  copy: 'intact, not proven 37-63',
};
