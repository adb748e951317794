import type { Exit } from './exit-codes.ts';

/**
 * Ends a command: run.ts prints the message to stderr and ends with the exit. For everything that prevents a result: a
 * mistake in the arguments, a file that cannot be read, an output that cannot be written. A result, also a bad one, is
 * printed to stdout instead. The message is one sentence for the operator and holds no secret.
 */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exit: Exclude<Exit, 'ok'>;

  constructor(exit: Exclude<Exit, 'ok'>, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exit = exit;
  }
}
