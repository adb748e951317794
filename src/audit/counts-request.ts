import * as z from 'zod';
import { COUNT_STEPS, MAX_COUNT_STEPS, stepsBetween } from './count-records.ts';
import { auditSearchSchema } from './search-request.ts';

/**
 * The body of POST /audit/counts: the filters and the cursor of a search, a period that must be named, and how long each
 * counted part of it is. The number of parts is bounded, and with it the size of the answer. No message repeats a value.
 */
const { limit: _, from, to, ...others } = auditSearchSchema.shape;

export const auditCountsSchema = z
  .strictObject({
    ...others,
    from: from.unwrap().meta({ format: 'date-time', description: 'Records of this time and later.' }),
    to: to.unwrap().meta({ format: 'date-time', description: 'Records before this time.' }),
    step: z.enum(COUNT_STEPS).meta({ description: 'How long one period is; periods are aligned to UTC.' }),
  })
  .refine((body) => stepsBetween(Date.parse(body.from), Date.parse(body.to), body.step) <= MAX_COUNT_STEPS, {
    message: `Value error, from and to must be at most ${MAX_COUNT_STEPS} periods of step apart`,
    path: ['to'],
  });

export type AuditCounts = z.output<typeof auditCountsSchema>;
