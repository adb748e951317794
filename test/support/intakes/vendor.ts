import type { IntakeName } from '../../../src/audit/intake/intakes.ts';

/**
 * A stand-in of one vendor's intake, as its public pages describe it (src/audit/intake names them): what it reads from a
 * request, what it answers, and how it gives back what it stored. The rows do not share code with the service, so that a
 * mistake is not made twice.
 */
export interface Vendor {
  readonly name: string;
  /** `otlp` is a sink of its own. */
  readonly intake: IntakeName | 'otlp';
  readonly url: string;
  /** Whether the fields, in lower case, carry this token. */
  isAuthorized(headers: Readonly<Record<string, string>>, token: string): boolean;
  /** The entries of a body; null: it is not in the form that the pages ask for. */
  parse(body: string, headers: Readonly<Record<string, string>>, url: URL): readonly Parsed[] | null;
  readonly isGzipTaken: boolean;
  /** Stores an id once. Others store a repeat. */
  readonly isIdUnique: boolean;
  /**
   * The answer to entries that were read, some of them refused. Null where the intake refuses the request as a whole, with
   * `badRequest`.
   */
  answer(outcomes: readonly Outcome[], url: URL): Answer | null;
  /** Where it refuses the request as a whole, it has stored the entries before the first refused one. */
  readonly keepsBeforeRefused?: true;
  readonly badRequest: Answer;
  readonly unauthorized: Answer;
  readonly forbidden: Answer;
  readonly tooLarge: Answer;
  readonly throttled: Answer;
  readonly busy: Answer;
  /** What the intake keeps of an entry; null: it drops it and says nothing. */
  keep?(parsed: Parsed, nowMs: number): Parsed | null;
  /** What was stored, as the vendor exports it, in the order of arrival: the lines of a file. */
  exported(stored: readonly Parsed[]): readonly string[];
  /** The form in which `audit verify --lines` reads the export, as reports name it. */
  readonly form: string;
}

export type Outcome = 'new' | 'there' | 'refused' | 'throttled';

export interface Parsed {
  readonly id: string;
  /** The delivered line, as the intake has it. */
  readonly line: string;
  /** The whole entry. */
  readonly entry: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export const json = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
});

/** The id that the delivered line itself has. */
export function idIn(line: string): string {
  const { id, audit_id: ofStandIn } = JSON.parse(line) as { id?: string; audit_id?: string };
  return id ?? `${ofStandIn ?? ''}-not_taken`;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');
