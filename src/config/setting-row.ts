/**
 * The type of a setting: one row that parses, documents and redacts itself, and the parsers that rows of several topics
 * share. Rules that join two settings are elsewhere, except the two members that decide whether a row is read.
 */
import * as z from 'zod';

/** The sinks that the trail can be delivered to (AUDIT_SINKS). */
export const AUDIT_SINK_NAMES = ['stdout', 'http', 'otlp'] as const;
export type AuditSinkName = (typeof AUDIT_SINK_NAMES)[number];

export interface SettingRow<T = unknown> {
  /** Parses the raw text of the variable; its messages must not quote the value of a secret. */
  readonly parse: z.ZodType<T, string>;
  /** The raw value of an absent variable; undefined: the setting stays unset. */
  readonly fallback?: string;
  readonly about: string;
  readonly example: string;
  /** Never printed, not even in part. */
  readonly secret?: true;
  /** A path to a secret. Printed only when it is the path of a file: the secret itself may be here by mistake. */
  readonly secretFile?: true;
  /** Returns the part of the raw text that may be printed, when that is not all of it. */
  readonly shown?: (raw: string) => string;
  /** Read only when AUDIT_SINKS has this sink: the variable is a standard one and may be meant for other programs. */
  readonly sink?: AuditSinkName;
  /** Read only when this other setting is set: the variable is a standard one, like those of `sink`. */
  readonly needs?: string;
  /** The variable may be written in lower case, too: so it is for other programs. */
  readonly lowerCase?: true;
  /** May hold credentials, of which `shown` returns nothing: the variable leaves the environment like a secret. */
  readonly holdsCredentials?: true;
  /** Not read when this more specific setting is set. */
  readonly yieldsTo?: string;
}

/** The names of the variables that a setting may be in, the preferred one first. */
export function variablesOf(name: string, { lowerCase }: Pick<SettingRow, 'lowerCase'>): readonly string[] {
  return lowerCase === true ? [name, name.toLowerCase()] : [name];
}

export const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);

export const path = z.string().min(1, 'must be a path');

/** The part of a URL that may be printed: some collectors accept tokens in paths and queries. */
export const originOf = (raw: string): string => `${URL.parse(raw)?.origin ?? ''}/…`;

/** Creates a parser from a check that returns the problem, or null. */
export const checkedText = (problemOf: (text: string) => string | null) =>
  z.string().superRefine((value, context) => {
    const message = problemOf(value);
    if (message !== null) context.addIssue({ code: 'custom', message });
  });
