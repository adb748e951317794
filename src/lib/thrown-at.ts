/**
 * `function file:line` of an error's topmost frame, without directories; null if there is none. The message is left
 * out, because it may quote input.
 */
export function thrownAt(error: Error): string | null {
  const frame = /\n\s+at (?:(?<name>[\w.<>]+) )?\(?[^\n]*?(?<place>[\w.-]+:\d+):\d+\)?/.exec(error.stack ?? '');
  return frame?.groups === undefined ? null : `${frame.groups.name ?? '(anonymous)'} ${frame.groups.place}`;
}
