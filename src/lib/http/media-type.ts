/**
 * Reads a media type by the grammar of RFC 9110 §8.3.1: type, subtype and parameters, with quoted values, optional white
 * space around the semicolons, and empty parameters. A text that is not of this grammar is null, never a guess.
 */
export interface MediaType {
  /** `type/subtype` in lower case. */
  readonly essence: string;
  /** Names in lower case and unquoted values as they came, in their order; a name may come several times. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const ESSENCE = new RegExp(`^${TOKEN}/${TOKEN}`);
// RFC 9110 §5.6.4: a quoted string, in which a backslash takes the next character as it is.
const PARAMETER = new RegExp(
  String.raw`[ \t]*;[ \t]*(?:(${TOKEN})=(?:(${TOKEN})|"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t -\x7e\x80-\xff])*)"))?`,
  'y',
);

export function parseMediaType(text: string): MediaType | null {
  const essence = ESSENCE.exec(text)?.[0];
  if (essence === undefined) return null;
  const parameters: [string, string][] = [];
  let at = essence.length;
  while (at < text.length) {
    PARAMETER.lastIndex = at;
    const match = PARAMETER.exec(text);
    if (match === null) return null;
    const [whole, name, token, quoted = ''] = match;
    at += whole.length;
    if (name !== undefined) parameters.push([name.toLowerCase(), token ?? quoted.replaceAll(/\\(.)/g, '$1')]);
  }
  return { essence: essence.toLowerCase(), parameters };
}
