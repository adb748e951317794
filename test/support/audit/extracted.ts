/**
 * The members of a line as a log store extracts them for its searches: names joined with a separator, values as texts,
 * a list for several values. Loki leaves lists out.
 */
export function extractedFrom(line: string, separator: '.' | '_' = '.'): Readonly<Record<string, string | string[]>> {
  const found = new Map<string, string[]>();
  const visit = (value: unknown, name: string): void => {
    if (Array.isArray(value)) {
      if (separator === '.') for (const inner of value) visit(inner, `${name}{}`);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) visit(inner, name === '' ? key : `${name}${separator}${key}`);
    } else found.set(name, [...(found.get(name) ?? []), String(value)]);
  };
  visit(JSON.parse(line), '');
  return Object.fromEntries([...found].map(([name, values]) => [name, values.length === 1 ? values[0]! : values]));
}
