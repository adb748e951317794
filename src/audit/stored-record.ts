import * as z from 'zod';
import { REQUEST_RECORD_KINDS, REQUEST_RESULTS, SUPPRESSED_RESULTS } from './record-vocabulary.ts';
import type { AuditRecord } from './record.ts';

/**
 * Reads one stored line as a record, or returns why it is none. It checks only the members that reading code uses, so
 * that a damaged line never throws there. It does not prove that the line is unchanged: the hash chain does that.
 */
export const RECORD_DAMAGES = ['missing', 'not_json', 'not_a_record', 'other_request'] as const;

export type RecordDamage = (typeof RECORD_DAMAGES)[number];

export type StoredLine =
  | { readonly kind: 'read'; readonly record: AuditRecord }
  | { readonly kind: 'unreadable'; readonly reason: RecordDamage };

const count = z.int().nonnegative();
const emails = z.array(z.string()).optional();

const actor = z.looseObject({ issuer: z.string(), subject: z.string(), client_id: z.string() });

const requestRecord = z.looseObject({
  kind: z.enum(REQUEST_RECORD_KINDS),
  request_id: z.guid(),
  time: z.string(),
  actor,
  source: z.looseObject({}),
  request: z.looseObject({ emails, email_count: count }),
  policy: z.looseObject({
    decisions: z.array(
      z.looseObject({
        decision: z.enum(['allow', 'deny']),
        rule: z.string().nullable(),
        because: z.array(z.string()),
        emails,
        email_count: count,
      }),
    ),
  }),
  outcome: z.looseObject({ result: z.enum(REQUEST_RESULTS) }),
  service: z.looseObject({}),
});

const suppressedRecord = z.looseObject({
  kind: z.literal('suppressed'),
  time: z.string(),
  actor,
  request: z.looseObject({}),
  policy: z.looseObject({}),
  outcome: z.looseObject({ result: z.literal('suppressed') }),
  suppressed: z.looseObject({
    counts: z.array(z.looseObject({ result: z.enum(SUPPRESSED_RESULTS), rule: z.string().nullable().optional() })),
  }),
  service: z.looseObject({}),
});

const changeRecord = z.looseObject({
  kind: z.literal('change'),
  time: z.string(),
  change: z.looseObject({ what: z.string() }),
  service: z.looseObject({}),
});

const readRecord = z.looseObject({
  kind: z.literal('read'),
  time: z.string(),
  actor: actor.optional(),
  read: z.looseObject({}),
  service: z.looseObject({}),
});

const readable = z.discriminatedUnion('kind', [requestRecord, suppressedRecord, changeRecord, readRecord]);

export function readStoredLine(line: string): StoredLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { kind: 'unreadable', reason: 'not_json' };
  }
  // The value itself and not the parser's copy: its members beyond these belong to the record.
  if (readable.safeParse(value).success) return { kind: 'read', record: value as AuditRecord };
  return { kind: 'unreadable', reason: 'not_a_record' };
}
