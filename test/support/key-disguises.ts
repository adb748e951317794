/** The renderings that SECURITY.md lists. `test/unit/upstream/api-keys.test.ts` compares the two. */
export const LISTED_RENDERINGS = [
  'raw',
  'reversed',
  'base64',
  'base64url',
  'hexadecimal',
  'URL-escaped',
  'JSON-escaped',
  'HTML-escaped',
] as const;

/** HTML's names of ASCII characters. The letters, digits, `-` and `~` have none. */
const HTML_NAMES: Readonly<Record<string, string>> = {
  ...{ '!': 'excl', '"': 'quot', '#': 'num', $: 'dollar', '%': 'percnt', '&': 'amp', "'": 'apos', '(': 'lpar' },
  ...{ ')': 'rpar', '*': 'ast', '+': 'plus', ',': 'comma', '.': 'period', '/': 'sol', ':': 'colon', ';': 'semi' },
  ...{ '<': 'lt', '=': 'equals', '>': 'gt', '?': 'quest', '@': 'commat', '[': 'lsqb', '\\': 'bsol', ']': 'rsqb' },
  ...{ '^': 'Hat', _: 'lowbar', '`': 'grave', '{': 'lcub', '|': 'vert', '}': 'rcub' },
};

/**
 * A key in each encoding in which it could leak. Each name begins with its entry in LISTED_RENDERINGS. The encodings
 * are made independently of the key search under test.
 */
export function disguises(key: string): readonly (readonly [name: string, text: string])[] {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const base64url = (text: string) => Buffer.from(text).toString('base64url');
  const hex = Buffer.from(key).toString('hex');
  const each = (spell: (code: string) => string) =>
    Array.from(key, (char) => spell(char.charCodeAt(0).toString(16).padStart(2, '0'))).join('');
  const urlEscaped = each((code) => `%${code}`);
  const decimal = Array.from(key, (char) => `&#${char.charCodeAt(0)};`).join('');
  const named = Array.from(key, (char) => (char in HTML_NAMES ? `&${HTML_NAMES[char]};` : char)).join('');
  const urlEscapedAgain = (times: number) =>
    Array.from({ length: times }).reduce<string>((text) => text.replaceAll('%', '%25'), urlEscaped);
  return [
    ['raw', key],
    ['raw, in a sentence', `invalid key ${key}, sorry`],
    ['reversed', Array.from(key).toReversed().join('')],
    ['raw, upper-case', key.toUpperCase()],
    ['base64', base64(key)],
    ['base64, one byte in', base64(`:${key}:`)],
    ['base64, two bytes in', base64(`u:${key}`)],
    ['base64, of a header line', base64(`Galileo-API-Key: ${key}\r\n`)],
    ['base64url', base64url(key)],
    ['base64url, one byte in', base64url(`:${key}:`)],
    ['base64url, two bytes in', base64url(`u:${key}`)],
    ['hexadecimal', hex],
    ['hexadecimal, upper-case', hex.toUpperCase()],
    ['URL-escaped', encodeURIComponent(key)],
    ['URL-escaped, throughout', urlEscaped],
    ['URL-escaped, twice', encodeURIComponent(each((code) => `%${code.toUpperCase()}`))],
    ['URL-escaped, five times', urlEscapedAgain(4)],
    ['URL-escaped, thirty times', urlEscapedAgain(29)],
    ['URL-escaped, base64', encodeURIComponent(encodeURIComponent(base64(`:${key}:`)))],
    ['JSON-escaped', JSON.stringify(key)],
    ['JSON-escaped, twice', JSON.stringify(JSON.stringify(key))],
    ['JSON-escaped, six times', Array.from({ length: 6 }).reduce<string>((text) => JSON.stringify(text), key)],
    ['JSON-escaped, throughout', each((code) => `\\u00${code}`)],
    [
      'JSON-escaped, throughout, inside JSON inside JSON',
      JSON.stringify({ e: `{"k":"${each((code) => `\\u00${code}`)}"}` }),
    ],
    ['JSON-escaped, slashes', JSON.stringify(key).replaceAll('/', '\\/')],
    ['HTML-escaped, by names', named],
    ['HTML-escaped, decimal', decimal],
    ['HTML-escaped, decimal with zeros', decimal.replaceAll('&#', '&#0000')],
    ['HTML-escaped, hexadecimal', each((code) => `&#x${code};`)],
    ['HTML-escaped, hexadecimal in capitals', each((code) => `&#X00${code.toUpperCase()};`)],
    ['HTML-escaped, twice', decimal.replaceAll('&', '&amp;')],
    ['HTML-escaped, five times', decimal.replaceAll('&', `&${'amp;'.repeat(4)}`)],
    [
      'HTML-escaped, reversed',
      Array.from(key, (char) => `&#${char.charCodeAt(0)};`)
        .toReversed()
        .join(''),
    ],
    ['HTML-escaped, then URL-escaped', encodeURIComponent(decimal)],
    ['URL-escaped, then HTML-escaped', urlEscaped.replaceAll('%', '&percnt;')],
    ['JSON-escaped, then HTML-escaped', each((code) => `\\u00${code}`).replaceAll('\\', '&#92;')],
    ['HTML-escaped, then JSON-escaped', decimal.replaceAll('&', '\\u0026').replaceAll(';', '\\u003b')],
    ['raw, the first 12 characters', key.slice(0, 12)],
    ['raw, 12 characters of the middle', key.slice(9, 21)],
    ['raw, the last 12 characters', key.slice(-12)],
    [
      'HTML-escaped, 12 characters of the middle',
      Array.from(key.slice(9, 21), (char) => `&#${char.charCodeAt(0)};`).join(''),
    ],
  ];
}
