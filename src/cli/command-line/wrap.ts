/** Wraps a text at spaces. A word that is longer than a line has a line of its own, so that it can be copied whole. Pure. */
export function wrapLines(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** `head`, and the text behind it, wrapped so that its lines begin in one column. Ends with a line end. */
export function hanging(head: string, text: string, width: number, column = head.length): string {
  const lines = wrapLines(text, Math.max(1, width - column));
  return `${head}${lines.join(`\n${' '.repeat(column)}`)}\n`;
}
