/**
 * Mistakes in the text of a URL that the URL parser accepts, or refuses without a cause. Pure. No problem quotes the value.
 */
const ROWS: readonly { readonly form: RegExp; readonly problem: string }[] = [
  { form: /^[a-z]+:\/*https?:/i, problem: 'has its scheme twice: write https:// once' },
  { form: /["`]/, problem: 'holds a quotation mark: remove it' },
  { form: /^[^?#]*[,;]\s*https?:\/\//i, problem: 'must be one URL, and not a list' },
  { form: /[,;]$/, problem: 'ends in a comma or a semicolon: remove it' },
  { form: /[{}<>]|\$\(\w+\)/, problem: 'holds a placeholder that nothing has replaced: write the whole URL' },
];

/** The problem of a URL as it is written, as the second half of a sentence; null when there is none. */
export function urlFault(text: string): string | null {
  return ROWS.find(({ form }) => form.test(text))?.problem ?? null;
}
