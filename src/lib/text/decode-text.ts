/**
 * Decodes the bytes of a text that a person or a tool wrote: UTF-8 with or without a byte order mark. Any other bytes
 * are refused by the name of the encoding that they probably have, and the place of the first character that is not
 * UTF-8. Pure. It never returns a part of a text that it refuses. For bytes from the network see utf8.ts.
 */
export type DecodedText =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'refused';
      readonly encoding: ForeignEncoding;
      /** Counted from 1, as in editors. */
      readonly line: number;
      readonly column: number;
    };

/** `eight_bit`: one of the older encodings with one byte for a character. `binary`: UTF-8, but with a NUL character. */
export type ForeignEncoding = 'utf_16' | 'utf_32' | 'eight_bit' | 'binary';

/** Longest first: the mark of UTF-16 is the beginning of one of UTF-32. */
const MARKS: readonly { readonly encoding: ForeignEncoding; readonly bytes: readonly number[] }[] = [
  { encoding: 'utf_32', bytes: [0xff, 0xfe, 0x00, 0x00] },
  { encoding: 'utf_32', bytes: [0x00, 0x00, 0xfe, 0xff] },
  { encoding: 'utf_16', bytes: [0xff, 0xfe] },
  { encoding: 'utf_16', bytes: [0xfe, 0xff] },
];

/** UTF-16 without a mark has a zero byte in every second place, at least in its spaces and line ends. */
const SAMPLE_BYTES = 4_096;
const LEAST_ZEROS_IN_UTF_16 = 1 / 16;

export function decodeText(bytes: Uint8Array): DecodedText {
  const marked = MARKS.find((mark) => mark.bytes.every((byte, at) => bytes[at] === byte));
  if (marked !== undefined) return { kind: 'refused', encoding: marked.encoding, line: 1, column: 1 };
  const before = textBeforeFault(bytes);
  const valid = before.isWhole ? before.text : null;
  if (valid !== null && !valid.includes('\0')) return { kind: 'text', text: valid };
  const encoding = looksLikeUtf16(bytes) ? 'utf_16' : valid === null ? 'eight_bit' : 'binary';
  return { kind: 'refused', encoding, ...placeAfter(before.text.split('\0', 1)[0] ?? '') };
}

/** The text up to the first character that is not UTF-8. */
function textBeforeFault(bytes: Uint8Array): { readonly text: string; readonly isWhole: boolean } {
  const decode = (length: number, isAll: boolean): string | null => {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes.subarray(0, length), {
        stream: !isAll,
      });
    } catch {
      return null;
    }
  };
  const whole = decode(bytes.byteLength, true);
  if (whole !== null) return { text: whole, isWhole: true };
  // A stream refuses every beginning that is longer than the valid one, and holds back an unfinished character.
  let valid = 0;
  for (let step = bytes.byteLength; step >= 1; step = step === 1 ? 0 : Math.ceil(step / 2)) {
    while (valid + step <= bytes.byteLength && decode(valid + step, false) !== null) valid += step;
  }
  return { text: decode(valid, false) ?? '', isWhole: false };
}

function looksLikeUtf16(bytes: Uint8Array): boolean {
  const sample = bytes.subarray(0, SAMPLE_BYTES);
  const zeros = [0, 0];
  sample.forEach((byte, at) => {
    if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  });
  const [even = 0, odd = 0] = zeros;
  return Math.min(even, odd) === 0 && Math.max(even, odd) >= sample.byteLength * LEAST_ZEROS_IN_UTF_16;
}

function placeAfter(text: string): { readonly line: number; readonly column: number } {
  const lines = text.split(/\r\n|\r|\n/);
  return { line: lines.length, column: [...(lines.at(-1) ?? '')].length + 1 };
}
