/**
 * The address in the examples of a page. The build writes a placeholder, because it does not know the deployment; each
 * deployment puts its own address there. Without PUBLIC_URL the placeholder stays: a Host field is the caller's word.
 */
export const PLACEHOLDER_URL = 'https://invites.example.com';

/** An origin may hold characters that end an attribute or a text in HTML (WHATWG URL, "forbidden host code point"). */
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  "'": '&#39;',
  '"': '&quot;',
  '<': '&lt;',
  '>': '&gt;',
};

/** Puts `publicUrl` into the bytes of an HTML page. */
export function placePage(page: Uint8Array, publicUrl: string | null): Uint8Array {
  if (publicUrl === null || publicUrl === PLACEHOLDER_URL) return page;
  const shown = publicUrl.replaceAll(/[&'"<>]/g, (character) => ESCAPES[character] ?? character);
  const text = new TextDecoder().decode(page);
  return new TextEncoder().encode(text.replaceAll(PLACEHOLDER_URL, () => shown));
}
