/**
 * The type of a setting: one row that parses, documents and redacts itself, and the parsers that rows of several topics
 * share. Rules that join two settings are elsewhere, except the two members that decide whether a row is read. A parser
 * says what to write in place of a value that it refuses, where only one thing can be meant. It never quotes the value.
 */
import * as z from 'zod';
import { nearest } from '../lib/text/nearest.ts';

/** The sinks that the trail can be delivered to (AUDIT_SINKS). */
export const AUDIT_SINK_NAMES = ['stdout', 'http', 'otlp'] as const;
export type AuditSinkName = (typeof AUDIT_SINK_NAMES)[number];

export interface SettingRow<T = unknown> {
  /** Parses the text of the variable; its messages must not quote the value of a secret. */
  readonly parse: z.ZodType<T, string>;
  /** The raw value of an absent variable; undefined: the setting stays unset. */
  readonly fallback?: string;
  readonly about: string;
  readonly example: string;
  /**
   * What the text is, where it is no word, number or list: `path` may hold spaces, `lines` may have several lines and
   * text around them, `url` may not even have spaces around it.
   */
  readonly holds?: 'path' | 'url' | 'lines';
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
  /** Read only when GALILEO_AUTH is `basic` or `password`: Galileo's SDK has a variable of this name, too. */
  readonly ofPasswordSchemes?: true;
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

/** What one of the unit is worth in the unit of the setting. */
const UNITS = {
  ms: { ms: 1, s: 1_000, sec: 1_000, m: 60_000, min: 60_000 },
  s: { s: 1, sec: 1, m: 60, min: 60, h: 3_600 },
  days: { d: 1, day: 1, days: 1, w: 7, y: 365 },
  mb: { m: 1, mb: 1, mib: 1, mi: 1, g: 1_024, gb: 1_024, gib: 1_024, gi: 1_024 },
} as const satisfies Record<string, Readonly<Record<string, number>>>;

/** For docs/config.schema.json: a text that may have white space around it. A variable that is empty counts as absent. */
export function blanksAround(pattern: string): string {
  return String.raw`^\s*(?:${pattern})?\s*$`;
}

/** Names separated by commas. */
export function listOf(names: readonly string[]): string {
  const name = `(?:${inAnyCase(names)})`;
  return blanksAround(String.raw`${name}(?:\s*,\s*${name})*`);
}

/** JSON Schema has no flag for it. */
export function inAnyCase(names: readonly string[]): string {
  const letters = (name: string): string =>
    name.replaceAll(/[a-z]/gi, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`);
  return names.map(letters).join('|');
}

export const wholeNumber = (min: number, max: number, unit?: keyof typeof UNITS) =>
  z
    .string()
    .meta({ pattern: blanksAround(String.raw`\d{1,9}`) })
    .transform((value, context) => {
      const number = /^\d{1,9}$/.test(value.trim()) ? Number(value) : Number.NaN;
      if (number >= min && number <= max) return number;
      const meant = numberMeant(value, unit === undefined ? {} : UNITS[unit]);
      const instead = meant !== null && meant >= min && meant <= max ? `; write ${meant}` : '';
      const message = Number.isNaN(number) ? `must be a whole number${instead}` : `must be from ${min} to ${max}`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    });

/** The number in a text such as `15_000`, `15,000`, `15000.0`, `15s` or `30 days`; null when it is not certain. */
function numberMeant(text: string, units: Readonly<Record<string, number>>): number | null {
  const [, digits = '', name = ''] = /^\+?(\d+(?:[_,' ]\d{3})*(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const factor = name === '' ? 1 : units[name.toLowerCase()];
  const number = factor === undefined || digits === '' ? Number.NaN : Number(digits.replaceAll(/[_,' ]/g, '')) * factor;
  return Number.isSafeInteger(number) ? number : null;
}

/** One of the names, in any case. `synonyms`, in lower case, are not taken, but answered with the name that they mean. */
export const word = <const Name extends string>(
  names: readonly Name[],
  synonyms: Readonly<Record<string, Name>> = {},
) =>
  z
    .string()
    .meta({ anyOf: [{ enum: names }, { pattern: blanksAround(inAnyCase(names)) }] })
    .transform((value, context): Name => {
      const found = wordOf(value, names);
      if (found !== null) return found;
      context.addIssue({ code: 'custom', message: `must be ${choiceOf(names)}${meantWord(value, names, synonyms)}` });
      return z.NEVER;
    });

export function wordOf<Name extends string>(value: string, names: readonly Name[]): Name | null {
  const plain = value.trim().toLowerCase();
  return names.find((name) => name.toLowerCase() === plain) ?? null;
}

/** "; did you mean on?", or nothing. */
export function meantWord(value: string, names: readonly string[], synonyms: Readonly<Record<string, string>>): string {
  const plain = value.trim().toLowerCase();
  const meant = Object.hasOwn(synonyms, plain) ? (synonyms[plain] ?? null) : nearest(plain, names);
  return meant === null ? '' : `; did you mean ${meant}?`;
}

function choiceOf(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}`;
}

/** How other programs write yes and no, for a setting with these two words. */
export function yesAndNo<Word extends string>(yes: Word, no: Word): Readonly<Record<string, Word>> {
  return {
    ...Object.fromEntries(['true', 'yes', 'y', '1', 'on', 'enabled', 'enable'].map((other) => [other, yes])),
    ...Object.fromEntries(['false', 'no', 'n', '0', 'off', 'disabled', 'disable', 'none'].map((other) => [other, no])),
  };
}

export const onOrOff = word(['on', 'off'], yesAndNo('on', 'off')).transform((value) => value === 'on');

/** Creates a parser from a check that returns the problem, or null. */
export const checkedText = (problemOf: (text: string) => string | null) =>
  z.string().superRefine((value, context) => {
    const message = problemOf(value);
    if (message !== null) context.addIssue({ code: 'custom', message });
  });

export const path = checkedText(pathFault);

const PATH_FAULTS: readonly { readonly form: RegExp; readonly problem: string }[] = [
  { form: /^$/, problem: 'must be a path' },
  { form: /[\r\n\0]|^\s*(?:[[{]|-----BEGIN )/, problem: 'must be the path of a file, and not what the file holds' },
  { form: /^~/, problem: 'begins with ~, which only a shell replaces: write the whole path' },
  { form: /^[a-z][a-z\d+.-]+:\/\//i, problem: 'must be a path, and not a URL' },
  {
    form: /\$\{\w+\}|\$\(\w+\)|\{\{|(?:^|[/\\])(?:\$[A-Z_][A-Z0-9_]*|%[A-Za-z_]\w*%)(?=[/\\]|$)/,
    problem: 'holds a variable that nothing has replaced: write the whole path',
  },
];

/** The problem of a path as it is written, as the second half of a sentence; null when there is none. */
export function pathFault(text: string): string | null {
  return PATH_FAULTS.find(({ form }) => form.test(text))?.problem ?? null;
}

/** The part of a URL that may be printed: some collectors accept tokens in paths and queries. */
export const originOf = (raw: string): string => `${URL.parse(raw)?.origin ?? ''}/…`;
