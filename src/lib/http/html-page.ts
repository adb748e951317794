/**
 * Whether a text begins as a page in HTML does. Sign-in pages and block pages also begin with comments, which hold a
 * copyright or the name of a template, and with the declaration of XHTML.
 */
export function isHtmlPage(text: string): boolean {
  let at = 0;
  for (let next: number | null = 0; next !== null; next = endOfPreamble(text, at)) at = next;
  PAGE.lastIndex = at;
  return PAGE.test(text);
}

const PAGE = /\s*<(?:!doctype\s+html|html|head)\b/iy;

/** What may be before a page: how it begins, and how it ends. */
const PREAMBLES = [
  { begins: /\s*<!--/y, ends: '-->' },
  { begins: /\s*<\?xml/y, ends: '?>' },
] as const;

/** The place behind the comment or the declaration at `at`; null when neither is there. */
function endOfPreamble(text: string, at: number): number | null {
  for (const { begins, ends } of PREAMBLES) {
    begins.lastIndex = at;
    if (!begins.test(text)) continue;
    const end = text.indexOf(ends, begins.lastIndex);
    return end === -1 ? null : end + ends.length;
  }
  return null;
}
