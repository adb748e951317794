/**
 * The exit codes and their meaning. They are the same for every command, so that a pipeline can distinguish a bad
 * configuration from a mistyped command. Codes from 64 on follow sysexits(3). The service itself also exits with the
 * code of `refused` when it refuses its configuration.
 */
export const EXITS = {
  ok: { code: 0, means: 'All is well; there may be warnings.' },
  failed: { code: 1, means: 'A check failed.' },
  refused: { code: 2, means: 'The configuration is refused: the service would not start.' },
  newer: { code: 3, means: 'Nothing is wrong, but a part is newer than this program knows.' },
  unproven: { code: 4, means: 'No fault was found, but the evidence that was asked for is not there.' },
  usage: { code: 64, means: 'The command line was not understood.' },
  internal: { code: 70, means: 'The program itself failed. Please report it.' },
  io: {
    code: 74,
    means: 'The output could not be written, so it is not complete. A pipe that its reader closes is no failure.',
  },
} as const satisfies Record<string, { readonly code: number; readonly means: string }>;

export type Exit = keyof typeof EXITS;
