/** A key in each encoding in which it could leak. The encodings are made independently of the key search under test. */
export function disguises(key: string): readonly (readonly [name: string, text: string])[] {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const base64url = (text: string) => Buffer.from(text).toString('base64url');
  const hex = Buffer.from(key).toString('hex');
  const each = (spell: (code: string) => string) =>
    Array.from(key, (char) => spell(char.charCodeAt(0).toString(16).padStart(2, '0'))).join('');
  return [
    ['raw', key],
    ['in a sentence', `invalid key ${key}, sorry`],
    ['reversed', Array.from(key).toReversed().join('')],
    ['upper-case', key.toUpperCase()],
    ['base64', base64(key)],
    ['base64 one byte in', base64(`:${key}:`)],
    ['base64 two bytes in', base64(`u:${key}`)],
    ['base64 of a header line', base64(`Galileo-API-Key: ${key}\r\n`)],
    ['base64url', base64url(key)],
    ['base64url one byte in', base64url(`:${key}:`)],
    ['base64url two bytes in', base64url(`u:${key}`)],
    ['hex', hex],
    ['hex upper-case', hex.toUpperCase()],
    ['URL-escaped', encodeURIComponent(key)],
    ['URL-escaped throughout', each((code) => `%${code}`)],
    ['URL-escaped twice', encodeURIComponent(each((code) => `%${code.toUpperCase()}`))],
    ['JSON-escaped', JSON.stringify(key)],
    ['JSON-escaped twice', JSON.stringify(JSON.stringify(key))],
    ['JSON-escaped throughout', each((code) => `\\u00${code}`)],
    [
      'JSON-escaped throughout, inside JSON inside JSON',
      JSON.stringify({ e: `{"k":"${each((code) => `\\u00${code}`)}"}` }),
    ],
    ['JSON-escaped slashes', JSON.stringify(key).replaceAll('/', '\\/')],
    ['the first 12 characters', key.slice(0, 12)],
    ['12 characters of the middle', key.slice(9, 21)],
    ['the last 12 characters', key.slice(-12)],
  ];
}
