/**
 * Characters that a reader does not see, or that change the order of the text around them: controls, format and
 * bidirectional characters, line separators, default-ignorable code points (Unicode UAX #44), private use, lone
 * surrogates and the blank Braille pattern. Two texts that differ only by them look the same, so a name that decides
 * something must not hold one. A variation selector directly after a pictogram is part of an emoji and is allowed.
 */
const INVISIBLE =
  /(?!(?<=\p{Extended_Pictographic})\ufe0f)[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]/u;
const EVERY_INVISIBLE = new RegExp(INVISIBLE, 'gu');

export function holdsInvisible(text: string): boolean {
  return INVISIBLE.test(text);
}

/** The place of the first one, in UTF-16 code units; null when there is none. */
export function findInvisible(text: string): number | null {
  const at = text.search(INVISIBLE);
  return at < 0 ? null : at;
}

/** `replacement` for each invisible character; by default it is removed. */
export function replaceInvisible(text: string, replacement: (character: string) => string = () => ''): string {
  return text.replace(EVERY_INVISIBLE, replacement);
}

/** The first code point in the notation of Unicode: `U+202E`. */
export function codePointOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** The first `maxLength` characters, followed by `…` if there are more. Never half a surrogate pair. */
export function shorten(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}
