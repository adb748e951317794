import * as z from 'zod';
import { REQUEST_RECORD_KINDS, REQUEST_RESULTS } from '../../audit/record-vocabulary.ts';
import type { RequestRecord } from '../../audit/record.ts';

/**
 * Reads one stored line as a record of a story: every member that a sentence uses has its type. Members of a later
 * release are kept and not used. It does not prove that the line is unchanged: the hash chain does that. A line that
 * cannot be read is no exception: the story names it.
 */
export function readStoryRecord(line: string): RequestRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  // The value itself and not the parser's copy, so that there is one reading of a line.
  return readable.safeParse(value).success ? (value as RequestRecord) : null;
}

const text = z.string();
const word = z.string().regex(/^[a-z][a-z0-9_]*$/);
const status = z.int();
const count = z.int().nonnegative();
const emails = z.array(text).optional();

const readable = z.looseObject({
  seq: count,
  time: text,
  kind: z.enum(REQUEST_RECORD_KINDS),
  request_id: z.guid(),
  actor: z.looseObject({ issuer: text, subject: text, client_id: text, kind: z.enum(['user', 'app']) }),
  source: z.looseObject({ address: text.nullable(), user_agent: text.optional(), origin: text.optional() }),
  request: z.looseObject({
    emails,
    email_count: count,
    malformed: z.array(z.looseObject({ index: count, reason: word })).optional(),
    auth_method: text,
    role: text,
    group_ids: z.array(text),
    send_email: z.boolean(),
  }),
  policy: z.looseObject({
    digest: text,
    verdict: z.enum(['allow', 'deny']),
    decisions: z.array(
      z.looseObject({
        decision: z.enum(['allow', 'deny']),
        rule: text.nullable(),
        because: z.array(text),
        emails,
        email_count: count,
      }),
    ),
    forced: z.array(z.looseObject({ rule: text, field: text, value: z.union([text, z.boolean(), z.array(text)]) })),
  }),
  outcome: z.looseObject({
    result: z.enum(REQUEST_RESULTS),
    code: word.optional(),
    status: status.optional(),
    reason: word.optional(),
    quota: text.optional(),
    expires_at: text.optional(),
    first_request_id: z.guid().optional(),
    upstream_status: status.optional(),
    attempts: z
      .array(
        z.looseObject({
          slot: z.enum(['current', 'next']),
          key_fingerprint: text,
          result: z.enum(['answered', 'maybe_sent', 'not_sent']),
          status: status.optional(),
          reason: word.optional(),
          duration_ms: z.number(),
        }),
      )
      .optional(),
    withheld: word.optional(),
    settled_by: z.enum(['exchange', 'sweep', 'reconciliation', 'person']).optional(),
    person: text.optional(),
    note: text.optional(),
    settler: z.looseObject({ issuer: text, client_id: text, address: text.nullable(), request_id: text }).optional(),
    evidence: z
      .looseObject({
        created_after: count,
        users: z.array(z.looseObject({ email: text, created_at: text.nullable() })),
      })
      .optional(),
  }),
});
