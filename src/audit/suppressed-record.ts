import * as z from 'zod';
import { SUPPRESSED_RESULTS } from './record-vocabulary.ts';

/**
 * The member `suppressed` of a record of kind `suppressed`: counts of requests without a record of their own. A zod
 * schema like the rest of the record (record.ts). Holds no address and no member of a single request but two ids.
 */
const uuid7 = z.uuid({ version: 'v7' });
const instant = z.iso.datetime({ precision: 3 });
const word = z.string().regex(/^[a-z][a-z0-9_]*$/);
const count = z.int().nonnegative();

const suppressedCount = z.strictObject({
  result: z.enum(SUPPRESSED_RESULTS).describe('As in `outcome.result` of a record about one request.'),
  code: word.exactOptional().describe('The problem code of the answers, where they were problems.'),
  rule: z
    .string()
    .nullable()
    .exactOptional()
    .describe('Of a denial by the policy: the deciding rule or limit; null when no rule covered an address.'),
  quota: z.string().exactOptional().describe('The quota that refused.'),
  count: count.describe('How many requests. A request that several rules denied counts for each of them.'),
});

export const suppressedSchema = z.strictObject({
  count: count.describe('How many requests have no record of their own.'),
  from: instant.describe("When the first of them was decided, by the machine's clock."),
  to: instant.describe("When the last of them was decided, by the machine's clock."),
  first_request_id: uuid7.describe('The X-Request-Id of the first of them.'),
  last_request_id: uuid7.describe('The X-Request-Id of the last of them.'),
  counts: z.array(suppressedCount).describe('By result, code, and rule or quota, in order of first appearance.'),
  uncounted: count.describe('How many requests have something that is in none of `counts`, because the list was full.'),
});
