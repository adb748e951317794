/** The line that takes the place of a refused record, in the envelope of each intake. */
import { expect, it } from 'vitest';
import type { Entry } from '../../../../src/audit/delivery/entry.ts';
import { standInFor } from '../../../../src/audit/delivery/entry.ts';
import { severityOf } from '../../../../src/audit/format/severity.ts';
import { datadog } from '../../../../src/audit/intake/datadog.ts';
import { elasticBulk } from '../../../../src/audit/intake/elastic-bulk.ts';
import { jsonArray } from '../../../../src/audit/intake/json-array.ts';
import { TEST_TIME_MS, testUuid7 } from '../../../support/clock.ts';

const REQUEST = testUuid7(7);
const ENTRY: Entry = {
  facts: {
    kind: 'outcome',
    id: testUuid7(8),
    time: new Date(TEST_TIME_MS).toISOString(),
    seq: 14,
    request: { id: REQUEST, result: 'accepted', traceId: null },
  },
  line: `{"outcome":{"result":"accepted"},"request":{"emails":["ann@acme.com"]},"request_id":"${REQUEST}"}`,
};
const standIn = standInFor(ENTRY, 'content_refused');

it.each([
  ['elastic-bulk', elasticBulk.frame, '"kind":"not_taken"'],
  ['datadog', datadog.frame, '"kind":"not_taken"'],
  ['json-array', jsonArray.frame, '"audit_kind":"not_taken"'],
])(
  '%s names the stand-in in its envelope by its own kind, and nothing of what the record says',
  (_preset, frame, kind) => {
    const framed = frame(standIn, TEST_TIME_MS);
    expect(framed).toContain(kind);
    for (const said of ['accepted', REQUEST, 'ann@acme.com']) expect(framed).not.toContain(said);
  },
);

it('is an error for the intakes that have levels, because a person must look into it', () => {
  expect(severityOf(standIn.facts)).toBe('ERROR');
});
