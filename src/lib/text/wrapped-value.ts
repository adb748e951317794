/**
 * What surrounds a value because a tool did not take it away: a byte order mark, a line end, quotes, the notation of a
 * variable. Pure, for values of settings and for secrets alike. A mark and one line end are removed, because every
 * reader agrees about what is left. Anything else is refused by name. No problem quotes the value.
 */

/** The text without the mark that Windows tools write before it, and without the one line end that editors append. */
export function withoutMarkAndLineEnd(text: string): string {
  return text.replace(/^\uFEFF/, '').replace(/\r?\n$/, '');
}

/** The problem of a text without white space around it, as the second half of a sentence; null when there is none. */
export function wrappedFault(text: string): string | null {
  return ROWS.find(({ form }) => form.test(text))?.problem ?? null;
}

const ROWS: readonly { readonly form: RegExp; readonly problem: string }[] = [
  {
    // The same kind of quote at both ends: a value may hold one.
    form: /^(["'`]).*\1$|^[“”„«].*[“”»]$|^[‘’‚].*[‘’]$/s,
    problem: 'has quotes around it; docker --env-file passes them on: remove them',
  },
  {
    // In the notation of a shell, Kubernetes, Windows or a template.
    form: /^(?:\$?\{\{.*\}\}|\$\{[^{}]*\}|\$\([^()]*\)|\$[A-Z_][A-Z0-9_]*|%[A-Z_][A-Z0-9_]*%|<%.*%>)$/s,
    problem: 'is a variable that nothing has replaced by its value: docker --env-file and systemd replace none',
  },
];
