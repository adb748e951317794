/** The JSON values of NDJSON, one a line; `undefined` when it is not NDJSON. An empty text has no lines. */
export function readLines(text: string, headers: Headers): readonly unknown[] | undefined {
  if (!/^application\/x-ndjson\b/i.test(headers.get('Content-Type') ?? '')) return undefined;
  try {
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as unknown);
  } catch {
    return undefined;
  }
}
