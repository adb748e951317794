/**
 * What a setting is: one row, which parses, documents and redacts itself. Beside it the values that rows of every topic
 * have in common. No rule here joins two settings but the one that says when a row is read at all.
 */
import * as z from 'zod';

/** Where the trail can go (AUDIT_SINKS). */
export const AUDIT_SINK_NAMES = ['stdout', 'http', 'otlp'] as const;
export type AuditSinkName = (typeof AUDIT_SINK_NAMES)[number];

export interface SettingRow<T = unknown> {
  /** Parses the raw text of the variable; its messages must not quote the value of a secret. */
  readonly parse: z.ZodType<T, string>;
  /** What an absent variable means; undefined: the setting stays unset. */
  readonly fallback?: string;
  readonly about: string;
  readonly example: string;
  /** Never printed, not even in part. */
  readonly secret?: true;
  /** A path to a secret. Printed only where it names a file: the secret itself is easily put here by mistake. */
  readonly secretFile?: true;
  /** What of the raw text may be printed, where that is not all of it. */
  readonly shown?: (raw: string) => string;
  /** Read only when AUDIT_SINKS has this sink: the variable is a standard one and may be meant for somebody else. */
  readonly sink?: AuditSinkName;
  /** Not read when this setting is set, which says the same more exactly. */
  readonly yieldsTo?: string;
}

export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);

export const path = z.string().min(1, 'must be a path');

/** Of an address what may be printed: collectors take tokens in paths and queries. */
export const originOf = (raw: string): string => `${URL.parse(raw)?.origin ?? ''}/…`;

/** A parser from a check that answers with what is wrong, or null. */
export const checkedText = (problemOf: (text: string) => string | null) =>
  z.string().superRefine((value, context) => {
    const message = problemOf(value);
    if (message !== null) context.addIssue({ code: 'custom', message });
  });
