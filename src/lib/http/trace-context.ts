/**
 * The fields `traceparent` and `tracestate` (W3C Trace Context, levels 1 and 2), read by their grammar. Pure. Both are
 * said by the caller and proven by nothing: they serve to find log lines again, and no decision depends on them. What
 * the grammar does not allow is as if it were absent. Invariant: a value that is returned consists only of the
 * characters that the grammar allows, and its length is bounded.
 */
export interface TraceContext {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string;
  /** The caller's span: 16 lower-case hex digits, not all zero. */
  readonly parentId: string;
  /** The flags that level 2 defines: SAMPLED, RANDOM. */
  readonly flags: number;
}

/** The caller may have recorded the trace. */
const SAMPLED = 0x01;
/** The last seven bytes of the trace id are random (level 2). */
export const RANDOM = 0x02;

/** A `trace_id` in logs and records. */
export const TRACE_ID = /^(?!0{32})[0-9a-f]{32}$/;

/**
 * Version 00 has exactly four members. Of a later version the first four are read, and more may follow behind a dash
 * (level 2 §3.2.5); version ff is forbidden. A comma, as between two fields of this name, is in none of them.
 */
const TRACEPARENT =
  /^(?<version>(?!ff)[0-9a-f]{2})-(?<traceId>(?!0{32})[0-9a-f]{32})-(?<parentId>(?!0{16})[0-9a-f]{16})-(?<flags>[0-9a-f]{2})(?<rest>-[\x21-\x2b\x2d-\x7e]*)?$/;
/** Version 00 has 55 characters. */
const MAX_TRACEPARENT_LENGTH = 256;

/** Null when it is absent, or there are several of them, or it does not fit the grammar. */
export function readTraceparent(field: string | undefined): TraceContext | null {
  if (field === undefined || field.length > MAX_TRACEPARENT_LENGTH) return null;
  const { version, traceId, parentId, flags, rest } = TRACEPARENT.exec(field)?.groups ?? {};
  if (traceId === undefined || parentId === undefined || flags === undefined) return null;
  if (version === '00' && rest !== undefined) return null;
  return { traceId, parentId, flags: Number.parseInt(flags, 16) & (SAMPLED | RANDOM) };
}

/** Always of version 00, the highest that this service knows (level 1 §3.2.4). */
export function writeTraceparent({ traceId, parentId, flags }: TraceContext): string {
  return `00-${traceId}-${parentId}-${flags.toString(16).padStart(2, '0')}`;
}

/** A receiver should pass on at least so many characters (level 2 §3.3.1.5). */
const MAX_TRACESTATE_LENGTH = 512;
const MAX_TRACESTATE_MEMBERS = 32;

const MEMBER = /^[a-z0-9][a-z0-9_*/@-]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/**
 * The members as they came, without blanks around them. Null when there are none, or more than 32, or more than 512
 * characters, or a key twice, or one does not fit the grammar: the field is left out whole, because a part of it may say
 * something else than the whole.
 */
export function readTracestate(field: string | undefined): string | null {
  if (field === undefined || field.length > MAX_TRACESTATE_LENGTH) return null;
  const members = field
    .split(',')
    .map((member) => member.replaceAll(/^[ \t]+|[ \t]+$/g, ''))
    .filter((member) => member !== '');
  const keys = new Set(members.map((member) => member.slice(0, member.indexOf('='))));
  if (members.length === 0 || members.length > MAX_TRACESTATE_MEMBERS || keys.size < members.length) return null;
  return members.every((member) => MEMBER.test(member)) ? members.join(',') : null;
}
