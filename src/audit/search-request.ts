import * as z from 'zod';
import { TRACE_ID } from '../lib/http/trace-context.ts';
import { UUID } from '../lib/uuid.ts';
import { RECORD_KINDS, RECORD_RESULTS, RECORDED_EMAIL } from './record-vocabulary.ts';

/**
 * The body of POST /audit/search: filters, a cursor (`after`) and a limit. A record must match all filters. The filters
 * are in the body and never in a URL, because addresses and subjects identify people. Unknown members are refused: a
 * misspelled filter would otherwise be ignored and widen the search. No message repeats a value.
 */
export const MAX_SEARCH_LINES = 1000;

/** RFC 3339 with any offset. `Date.parse` alone accepts many other forms. */
const isInstant = (text: string): boolean => z.iso.datetime({ offset: true }).safeParse(text).success;

const instant = (name: string, meaning: string) =>
  z
    .string()
    .refine(isInstant, `Value error, ${name} must be an RFC 3339 time with an offset, such as 2026-03-02T10:00:00Z`)
    .meta({ format: 'date-time', description: meaning })
    .optional();

/** Not z.int(): the documented error type for a number out of range is `value_error`. */
const whole = (name: string, minimum: number, maximum: number) =>
  z
    .custom<number>(
      (value) => typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum,
      `Value error, ${name} must be a whole number from ${minimum} to ${maximum}`,
    )
    .meta({ type: 'integer', minimum, maximum });

export const auditSearchSchema = z.strictObject({
  request_id: z
    .string()
    .refine((text) => UUID.test(text.toLowerCase()), 'Value error, request_id must be a UUID with dashes')
    .toLowerCase()
    .meta({ format: 'uuid', description: 'The X-Request-Id of a request: everything on record about it.' })
    .optional(),
  trace_id: z
    .string()
    .refine((text) => TRACE_ID.test(text.toLowerCase()), 'Value error, trace_id must be 32 hex digits')
    .toLowerCase()
    .meta({
      pattern: '^[0-9A-Fa-f]{32}$',
      description: 'A trace id from a log line: the records of all requests that came with it.',
    })
    .optional(),
  subject: z.string().meta({ description: "The caller's `sub`, exact." }).optional(),
  client_id: z.string().meta({ description: "The caller's client, exact." }).optional(),
  email: z
    .string()
    .refine(
      (text) => RECORDED_EMAIL.test(text),
      'Value error, email must be a plain address such as ann@acme.com, or its form in the trail (hmac-sha256:…)',
    )
    .meta({ description: 'An invited address, case ignored; or the form the trail has it in.' })
    .optional(),
  kind: z
    .enum(RECORD_KINDS)
    .meta({ description: 'The kind of record; `change` finds what changed in the service.' })
    .optional(),
  outcome: z.enum(RECORD_RESULTS).meta({ description: '`outcome.result`.' }).optional(),
  rule: z.string().meta({ description: 'A rule or limit that decided about at least one address.' }).optional(),
  from: instant('from', 'Records of this time and later.'),
  to: instant('to', 'Records before this time.'),
  after: whole('after', 0, Number.MAX_SAFE_INTEGER)
    .meta({ description: 'Only records behind this `seq`: the last `seq` or `scanned_to` you got.' })
    .default(0),
  limit: whole('limit', 1, MAX_SEARCH_LINES).meta({ description: 'At most so many lines.' }).default(MAX_SEARCH_LINES),
});

export type AuditSearch = z.output<typeof auditSearchSchema>;
