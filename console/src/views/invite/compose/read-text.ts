/**
 * The text of a file, or null when it is none. Spreadsheets ("Unicode Text") and PowerShell write UTF-16, which begins with a
 * byte order mark; everything else is read as UTF-8.
 */
export async function readText(file: Blob): Promise<string | null> {
  // A folder that was dropped cannot be read.
  const bytes = await file.arrayBuffer().catch(() => null);
  if (bytes === null) return null;
  const [first, second] = new Uint8Array(bytes);
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  const text = new TextDecoder(encoding).decode(bytes);
  // Text has no NUL; a spreadsheet file has.
  return text.includes('\0') ? null : text;
}
