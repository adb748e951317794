/**
 * Text of the contract as HTML. The contract writes names in backticks and lists with hyphens, as Markdown does; nothing
 * else of it is markup, so all of it is escaped (hono/html).
 */
import { html } from 'hono/html';

export type Html = ReturnType<typeof html>;

/** A sentence with its names in `<code>`. */
export function prose(text: string): Html {
  const parts = text.split('`');
  return html`${parts.map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`;
}

/** Paragraphs are parted by an empty line. Lines at the end of one that begin with a hyphen are a list. */
export function paragraphs(text: string): Html {
  return html`${text.split(/\n\s*\n/).map(paragraph)}`;
}

function paragraph(text: string): Html {
  const [sentences = '', ...items] = text.split(/(?:^|\n)- /);
  return html`${sentences === '' ? '' : html`<p>${prose(sentences)}</p>`}
  ${
    items.length === 0
      ? ''
      : html`<ul>
          ${items.map((item) => html`<li>${prose(item)}</li>`)}
        </ul>`
  }`;
}

/** `items` with a separator between them. */
export function joined(items: readonly Html[], separator: string): Html {
  return html`${items.map((item, index) => (index === 0 ? item : html`${separator}${item}`))}`;
}

/** A long name may be broken after a dot, a slash or an underscore. */
export function breakable(name: string): Html {
  return html`${name.split(/(?<=[._/])/).map((part, index) => (index === 0 ? part : html`<wbr />${part}`))}`;
}
