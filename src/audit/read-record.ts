import * as z from 'zod';
import { READ_KINDS, SEARCH_FILTERS } from './record-vocabulary.ts';

/**
 * The member `read` of a record of kind `read`: what one reader read of the trail in one minute. A zod schema like the
 * rest of the record (record.ts). Holds counts, places and names of filters only: never the value of a filter.
 */
const instant = z.iso.datetime({ precision: 3 });
const count = z.int().nonnegative();
const seq = z.int().positive();

export const readSchema = z.strictObject({
  count: count.describe('How many reads were answered.'),
  counts: z
    .array(
      z.strictObject({
        what: z
          .enum(READ_KINDS)
          .describe(
            '`trail`: GET /audit/records; `search`: POST /audit/search; `counts`: POST /audit/counts; `requests`: GET /v2/invite_requests; `request`: GET /v2/invite_requests/{id}; `policy`: GET /audit/policies/{digest}.',
          ),
        count: count.describe('How many.'),
      }),
    )
    .describe('By what was read, in order of first appearance.'),
  records: count.describe('How many records, or requests, the answers held; an empty answer holds none.'),
  first_seq: seq
    .exactOptional()
    .describe('The lowest `seq` of a record that was given out; absent when there was none.'),
  last_seq: seq.exactOptional().describe('The highest.'),
  filters: z
    .array(z.enum(SEARCH_FILTERS))
    .describe('Which filters the searches used, in order of first appearance. Their values are in no record.'),
  from: instant.describe("When the first of them was answered, by the machine's clock."),
  to: instant.describe("When the last of them was answered, by the machine's clock."),
});
