/** What to write instead of a text that is no version 4 UUID with dashes: the end of a sentence, or nothing. */
export function uuidAdvice(text: string): string {
  if (/^[A-Za-z][\w.-]{0,63}$/.test(text)) return `. A name from groups is written $${text}`;
  return ROWS.find(({ form }) => form.test(text))?.advice ?? '';
}

const ROWS: readonly { readonly form: RegExp; readonly advice: string }[] = [
  { form: /^\{.*\}$/, advice: '. Remove the braces' },
  { form: /^urn:uuid:/i, advice: '. Remove urn:uuid:' },
  { form: /^[0-9a-f]{32}$/i, advice: '. Write it with dashes: 8-4-4-4-12 digits' },
  {
    form: /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
    advice: '. This is a UUID of another version; Galileo’s groups have version 4',
  },
];
