import { UUID } from '../lib/uuid.ts';

/**
 * Explains why a text is not an acceptable UUID, with pydantic's messages (those of the Rust crate `uuid`). It does not
 * decide: the schema has refused the text already. This service accepts only the dashed form (RFC 9562 §4). The other
 * forms that pydantic reads (bare, braced, URN) get a message of our own. No message repeats the text.
 */
export interface UuidFault {
  readonly type: 'uuid_parsing' | 'uuid_version';
  readonly msg: string;
}

const GROUP_LENGTHS = [8, 4, 4, 4, 12];

export function uuidFault(text: string): UuidFault {
  const [prefix, core] = unwrap(text);
  const isReadable = UUID.test(core.toLowerCase()) || (prefix === '' && /^[0-9a-f]{32}$/i.test(core));
  if (!isReadable) return { type: 'uuid_parsing', msg: `Input should be a valid UUID, ${parsingFault(prefix, core)}` };
  if (!isVersion4(core.replaceAll('-', ''))) return { type: 'uuid_version', msg: 'UUID version 4 expected' };
  return {
    type: 'uuid_parsing',
    msg: 'Input should be a valid UUID, written with dashes: 8-4-4-4-12 hexadecimal digits',
  };
}

function isVersion4(digits: string): boolean {
  return digits[12] === '4' && '89abAB'.includes(digits[16] ?? '-');
}

/** Lengths and positions count UTF-8 bytes, as in Rust; positions start at 1. */
function parsingFault(prefix: string, core: string): string {
  const stray = core.search(/[^0-9a-fA-F-]/);
  if (stray >= 0) {
    const place = byteLength(prefix + core.slice(0, stray)) + 1;
    return `invalid character: expected an optional prefix of \`urn:uuid:\` followed by [0-9a-fA-F-], found another at ${place}`;
  }
  const groups = core.split('-');
  if (groups.length === 1 && prefix === '') {
    return `invalid length: expected length 32 for simple format, found ${core.length}`;
  }
  if (groups.length !== GROUP_LENGTHS.length) return `invalid group count: expected 5, found ${groups.length}`;
  const odd = groups.findIndex((group, index) => group.length !== GROUP_LENGTHS[index]);
  return `invalid group length in group ${odd}: expected ${GROUP_LENGTHS[odd]}, found ${groups[odd]?.length}`;
}

function unwrap(text: string): [prefix: string, core: string] {
  if (text.startsWith('{') && text.endsWith('}') && text.length > 1) return ['{', text.slice(1, -1)];
  return text.startsWith('urn:uuid:') ? ['urn:uuid:', text.slice('urn:uuid:'.length)] : ['', text];
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
