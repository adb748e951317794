/**
 * What may be logged about a thrown value: the name of its class, its code and its place. The message is never read,
 * because it may quote input, a key or an address.
 */

/** The name of an error, such as `TypeError`. For another value its type, such as `string`. */
export function thrownName(thrown: unknown): string {
  return thrown instanceof Error ? thrown.name : typeof thrown;
}

/** The code that Node and some libraries add to their errors, such as `ENOENT`; null if there is none. */
export function thrownCode(thrown: unknown): string | null {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : null;
}

/** `function file:line` of an error's topmost frame, without directories; null if there is none. */
export function thrownAt(thrown: unknown): string | null {
  if (!(thrown instanceof Error)) return null;
  const { message, stack = '' } = thrown;
  // The stack begins with name and message, and a line of the message may look like a frame.
  const at = stack.indexOf(message);
  if (at < 0 || stack.slice(0, at).includes('\n')) return null;
  const frames = stack.slice(at + message.length);
  const frame = /\n\s+at (?:(?<name>[\w.<>]+) )?\(?[^\n]*?(?<place>[\w.-]+:\d+):\d+\)?/.exec(frames);
  return frame?.groups === undefined ? null : `${frame.groups.name ?? '(anonymous)'} ${frame.groups.place}`;
}
