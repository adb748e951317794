import type { CliDeps } from '../deps.ts';
import type { Exit } from './exit-codes.ts';

/**
 * A command: a description and a `run` function. Parsing, help and docs/cli.md all use the description. `run` prints
 * only through its deps and returns an exit. It never ends the process. When there is no result to print, because of a
 * user's mistake or an unreadable file, it throws a CommandError.
 */
export interface Command {
  /** As the user types it, words separated by one space: `config check`. */
  readonly name: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  /** Paragraphs: what it does, what it does not. */
  readonly about: readonly string[];
  readonly operands: readonly Operand[];
  readonly options: Readonly<Record<string, OptionRow>>;
  /** The meaning of an exit for this command, where it is more specific than the table in exit-codes.ts. */
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
  /** The option may be given more than once: all its values are in the call's lists. */
  readonly many?: true;
}

/** A parsed command line. */
export interface Call {
  /** Keys are long names. The value of a switch is `true`. */
  readonly options: Readonly<Record<string, string | true>>;
  /** All values, in order, of each option that may be given more than once. */
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly operands: readonly string[];
}
