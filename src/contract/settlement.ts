import * as z from 'zod';
import { holdsInvisible } from '../lib/text/invisible-text.ts';

/**
 * The body of POST /v2/invite_requests/{id}/settlement, and the rules for what people write about a settlement: the same
 * rules for the service and for the command line. The texts stay in the trail for as long as it is kept, so they are
 * bounded, in visible characters on one line, and hold no mail address. Whether a text holds a key is checked
 * where the keys are known. No message repeats a value.
 */
export const MAX_NOTE_LENGTH = 500;
export const MAX_PERSON_LENGTH = 100;

export const SETTLED_ENDINGS = ['accepted', 'refused'] as const;
export type SettledEnding = (typeof SETTLED_ENDINGS)[number];

/**
 * Includes the signs that mail programs read as `@`, even apart from the name before. A mention (`@kim`) does not
 * match.
 */
const ADDRESS = /\S(?:@|%40|＠|﹫)\S|(?:@|%40|＠|﹫)\s*[^\s.]+\.\S/i;

export type SettlementTextFault = 'not_one_line' | 'holds_address';

/** Null when the trimmed text may be recorded. `maxLength` is in characters. */
export function settlementTextFault(text: string, maxLength: number): SettlementTextFault | null {
  if (text === '' || [...text].length > maxLength || holdsInvisible(text)) return 'not_one_line';
  return ADDRESS.test(text) ? 'holds_address' : null;
}

const NOTE_FAULTS = {
  not_one_line: `Value error, note must say on one line of 1 to ${MAX_NOTE_LENGTH} visible characters how you know`,
  holds_address: 'Value error, note must hold no mail address: the record says whom the request is about',
} as const satisfies Record<SettlementTextFault, string>;

export const settlementSchema = z.strictObject({
  outcome: z.enum(SETTLED_ENDINGS).meta({
    description: '`accepted`: Galileo has the people. `refused`: it does not have them, and will not.',
  }),
  note: z
    .string()
    .trim()
    .superRefine((text, context) => {
      const fault = settlementTextFault(text, MAX_NOTE_LENGTH);
      if (fault !== null) context.addIssue({ code: 'custom', message: NOTE_FAULTS[fault] });
    })
    .meta({
      description: `How you know: one line of 1 to ${MAX_NOTE_LENGTH} characters without a mail address. It stays in the audit trail.`,
    }),
});

export type SettlementRequest = z.output<typeof settlementSchema>;
