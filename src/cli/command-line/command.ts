import type { CliDeps } from '../deps.ts';
import type { Exit } from './exit-codes.ts';

/**
 * What a command is: one row of knowledge that is parsed, helped with and documented from, and a function. A command
 * prints through its deps alone and answers how it ended; it never exits, and it never throws for what a user did.
 */
export interface Command {
  /** As it is typed, words separated by one space: `config check`. */
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** Paragraphs: what it does, what it does not. */
  readonly about: readonly string[];
  readonly operands: readonly Operand[];
  readonly options: Readonly<Record<string, OptionRow>>;
  /** What each exit means here, where that is more than the table in exit-codes.ts says. */
  readonly exits: Partial<Readonly<Record<Exit, string>>>;
  readonly examples: readonly { readonly line: string; readonly does: string }[];
  run(call: Call, deps: CliDeps): Promise<Exit>;
}

export interface Operand {
  /** Upper-case, for the usage line. */
  readonly name: string;
  readonly about: string;
  readonly optional?: true;
}

export interface OptionRow {
  /** A name for the value (`FILE`), or null for a switch. */
  readonly value: string | null;
  readonly about: string;
  /** May be given more than once: all its values are in the call's lists. */
  readonly many?: true;
}

/** A command line that was understood. */
export interface Call {
  /** By long name; a switch that was given is `true`. */
  readonly options: Readonly<Record<string, string | true>>;
  /** Of options that may be given more than once, all values in order. */
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly operands: readonly string[];
}

/** Every command that reports has it, with the same words. */
export const JSON_OPTION: OptionRow = { value: null, about: 'Print one JSON document, for programs.' };
