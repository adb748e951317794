/** Files of lists, as spreadsheets, editors and shells write them. */
import { expect, it } from 'vitest';
import { readText } from '../../../console/src/views/invite/compose/read-text.ts';

const LIST = 'Zoë;ann@acme.com\r\n';
const utf16 = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, 'utf16le'));

it.each<[string, Uint8Array<ArrayBuffer>]>([
  ['UTF-8', new TextEncoder().encode(LIST)],
  ['UTF-8 with a byte order mark', new TextEncoder().encode(`\ufeff${LIST}`)],
  ['UTF-16 of Windows', utf16(`\ufeff${LIST}`)],
  ['UTF-16 with the other order', Uint8Array.from(Buffer.from(utf16(`\ufeff${LIST}`)).swap16())],
])('a file in %s is read', async (_, bytes) => {
  expect(await readText(new Blob([bytes]))).toBe(LIST);
});

it('an empty file is read, and a file that is no text is not', async () => {
  expect(await readText(new Blob([]))).toBe('');
  expect(await readText(new Blob(['PK\u0003\u0004\0\0']))).toBeNull();
});
