import { checkStrictJson } from '../../contract/strict-json.ts';

/**
 * Whether every parser reads this JSON text as `value`, so that no member hides another one (strict-json.ts). Most texts
 * are as JSON.stringify writes them, which is quick to see: a repeated member would be missing in what it writes, and a
 * lone surrogate would be escaped there.
 */
export function isClearJson(text: string, value: unknown): boolean {
  return isAsStringified(text, value) || checkStrictJson(text) === null;
}

function isAsStringified(text: string, value: unknown): boolean {
  if (text.includes(String.raw`\ud`)) return false;
  try {
    return JSON.stringify(value) === text;
  } catch {
    // It is too deep.
    return false;
  }
}
