/** `function file:line` of an error's topmost frame, without directories; its message, which may quote input, is cut off before. */
export function thrownAt(error: Error): string | null {
  const frame = /\n\s+at (?:(?<name>[\w.<>]+) )?\(?[^\n]*?(?<place>[\w.-]+:\d+):\d+\)?/.exec(error.stack ?? '');
  return frame?.groups === undefined ? null : `${frame.groups.name ?? '(anonymous)'} ${frame.groups.place}`;
}
