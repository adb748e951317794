/** A table in Markdown. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: 'left' | 'right' = 'right',
): string {
  const rule = head.map((_cell, index) => (index === 0 || align === 'left' ? '---' : '---:')).join('|');
  const [first = '', ...others] = [head, ...rows].map((cells) => `| ${cells.join(' | ')} |\n`);
  return [first, `|${rule}|\n`, ...others].join('');
}
