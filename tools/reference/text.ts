/**
 * Text of the contract as HTML. The contract writes names in backticks, as Markdown does; nothing else of it is markup,
 * so all of it is escaped (hono/html).
 */
import { html } from 'hono/html';

export type Html = ReturnType<typeof html>;

/** A sentence with its names in `<code>`. */
export function prose(text: string): Html {
  const parts = text.split('`');
  return html`${parts.map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}

/** Paragraphs are parted by an empty line. */
export function paragraphs(text: string): Html {
  return html`${text.split(/\n\s*\n/).map((paragraph) => html`<p>${prose(paragraph)}</p>`)}`;
}

/** `items` with a separator between them. */
export function joined(items: readonly Html[], separator: string): Html {
  return html`${items.map((item, index) => (index === 0 ? item : html`${separator}${item}`))}`;
}

/** A long name may be broken after a dot, a slash or an underscore. */
export function breakable(name: string): Html {
  return html`${name.split(/(?<=[._/])/).map((part, index) => (index === 0 ? part : html`<wbr />${part}`))}`;
}
