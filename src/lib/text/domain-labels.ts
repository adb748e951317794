/**
 * The labels of a domain name in ASCII (RFC 1123 §2.1), shared by addresses and policies. A label with hyphens in third
 * and fourth place is refused (RFC 5891 §4.2.3.1), except a real A-label (`xn--…`): one whose letters the platform's URL
 * parser encodes as the same text again. The parser alone is not asked about the A-label: current ones pass every ASCII
 * text. Nothing here changes a domain.
 */
const LABEL = /^(?!(?!xn)..--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
const A_LABEL = /^xn--/i;
const HOLDS_A_LABEL = /(?:^|\.)xn--/i;

/** Whether every label of this text is acceptable, in either case. The number of labels is the caller's to check. */
export function areDomainLabels(text: string): boolean {
  return (
    text.split('.').every((label) => LABEL.test(label)) && (!HOLDS_A_LABEL.test(text) || isEncodingOfItsLetters(text))
  );
}

/** The domain with the letters of its A-labels, for people; null when one of them is not the form of any letters. */
export function lettersOf(domain: string): string | null {
  const labels = domain.split('.').map((label) => (A_LABEL.test(label) ? decodePunycode(label.slice(4)) : label));
  return labels.includes(null) ? null : labels.join('.');
}

function isEncodingOfItsLetters(text: string): boolean {
  const domain = text.toLowerCase();
  const letters = lettersOf(domain);
  try {
    return letters !== null && new URL(`http://${letters}/`).hostname === domain;
  } catch {
    return false;
  }
}

/** RFC 3492 §5. */
const BASE = 36;
const T_MIN = 1;
const T_MAX = 26;
const SKEW = 38;
const DAMP = 700;
const DIGITS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const LAST_CODE_POINT = 0x10ffff;

/** RFC 3492 §6.2, without the prefix `xn--` and in lower case; null when the text encodes nothing. */
function decodePunycode(text: string): string | null {
  const delimiter = text.lastIndexOf('-');
  const characters = text.slice(0, Math.max(0, delimiter)).split('');
  let codePoint = 128;
  let index = 0;
  let bias = 72;
  for (let at = delimiter + 1; at < text.length;) {
    const before = index;
    for (let weight = 1, k = BASE; ; k += BASE) {
      const digit = DIGITS.indexOf(text[at] ?? ' ');
      if (digit < 0) return null;
      at += 1;
      index += digit * weight;
      const threshold = Math.min(Math.max(k - bias, T_MIN), T_MAX);
      if (digit < threshold) break;
      weight *= BASE - threshold;
    }
    const length = characters.length + 1;
    bias = adapt(index - before, length, before === 0);
    codePoint += Math.floor(index / length);
    if (codePoint > LAST_CODE_POINT) return null;
    index %= length;
    characters.splice(index, 0, String.fromCodePoint(codePoint));
    index += 1;
  }
  return characters.join('');
}

/** RFC 3492 §6.1. */
function adapt(delta: number, length: number, isFirst: boolean): number {
  let rest = Math.floor(delta / (isFirst ? DAMP : 2));
  rest += Math.floor(rest / length);
  let k = 0;
  for (; rest > ((BASE - T_MIN) * T_MAX) / 2; k += BASE) rest = Math.floor(rest / (BASE - T_MIN));
  return k + Math.floor(((BASE - T_MIN + 1) * rest) / (rest + SKEW));
}
