import { describe, it } from 'vitest';

/**
 * What a provider, product or person really sends, and what the service does with it. Each situation is a test, and the
 * same rows are the tables of docs/compatibility.md (describe-compatibility.ts). So the page claims only what was tried.
 */
export interface Situation {
  /** The provider or product, as its users call it. */
  readonly product: string;
  /** What it sends, as a noun phrase; Markdown. */
  readonly sends: string;
  /** What the service does with it, as one sentence; Markdown. */
  readonly does: string;
  /** Rejects when the service does something else. */
  readonly check: () => void | Promise<void>;
}

/** A table of docs/compatibility.md. */
export interface Chapter {
  readonly title: string;
  /** One or two sentences above the table; Markdown. */
  readonly about: string;
  readonly situations: readonly Situation[];
}

/** Adds one test per situation to the calling file. */
export function testChapter({ title, situations }: Chapter): void {
  describe(title, () => {
    it.each(situations.map((situation) => [`${situation.product}: ${situation.sends}`, situation] as const))(
      '%s',
      (_name, { check }) => check(),
    );
  });
}
