import { replaceInvisible } from '../../lib/text/invisible-text.ts';

/** `1 record`, `2 records`. */
export function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Replaces the characters that a terminal may interpret or that a reader does not see. */
export function printable(text: string): string {
  return replaceInvisible(text, () => '\ufffd');
}
