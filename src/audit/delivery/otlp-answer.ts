import { isObject, parseObject } from '../../lib/parse-object.ts';
import type { HttpAnswer } from './post-batch.ts';

/**
 * How many log records a 2xx answer of an OTLP receiver rejects. The specification has one answer,
 * ExportLogsServiceResponse; receivers also answer with more members, with names in snake_case, in protobuf although they
 * were asked in JSON, with a text, or with nothing. What is not known says nothing, because a batch that was taken must
 * not be repeated for ever. Pure.
 */
export function rejectedIn(answer: HttpAnswer): bigint {
  const type = answer.headers['content-type'] ?? '';
  if (/\bprotobuf\b/i.test(type)) return inProtobuf(answer.body);
  const json = parseObject(answer.text);
  return json === null ? 0n : inJson(json);
}

/** Whether the answer is a failure (google.rpc.Status) in spite of its status. The codes of gRPC are 1 to 16. */
export function isFailure({ text }: HttpAnswer): boolean {
  const json = parseObject(text);
  const code = json?.['code'];
  return typeof code === 'number' && code >= 1 && code <= 16;
}

function inJson(json: Readonly<Record<string, unknown>>): bigint {
  const partial = json['partialSuccess'] ?? json['partial_success'];
  if (!isObject(partial)) return 0n;
  const count = partial['rejectedLogRecords'] ?? partial['rejected_log_records'] ?? 0;
  // 64-bit integers are decimal strings in JSON; a reader must accept numbers too.
  const text = typeof count === 'number' || typeof count === 'string' ? String(count) : '';
  // A count that cannot be read still reports that something was rejected.
  return /^-?\d{1,19}$/.test(text) ? BigInt(text) : 1n;
}

/** `partial_success` is field 1 of the response, and `rejected_log_records` is field 1 of that. */
function inProtobuf(bytes: Uint8Array): bigint {
  const partial = fieldsOf(bytes).find(({ field, value }) => field === 1 && typeof value !== 'bigint')?.value;
  if (partial === undefined || typeof partial === 'bigint') return 0n;
  const count = fieldsOf(partial).find(({ field, value }) => field === 1 && typeof value === 'bigint')?.value;
  return typeof count === 'bigint' ? BigInt.asIntN(64, count) : 0n;
}

interface ProtobufField {
  readonly field: number;
  readonly value: bigint | Uint8Array;
}

/** The fields that are numbers or have a length, up to the first one that is neither or is cut. */
function fieldsOf(bytes: Uint8Array): readonly ProtobufField[] {
  const fields: ProtobufField[] = [];
  let at = 0;
  const number = (): bigint | null => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at];
      if (byte === undefined) return null;
      at += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return null;
  };
  while (at < bytes.length) {
    const tag = number();
    const value = number();
    if (tag === null || value === null) return fields;
    const wire = tag & 7n;
    const field = Number(tag >> 3n);
    if (wire === 0n) fields.push({ field, value });
    else if (wire === 2n && value <= BigInt(bytes.length - at)) {
      fields.push({ field, value: bytes.subarray(at, at + Number(value)) });
      at += Number(value);
    } else return fields;
  }
  return fields;
}
