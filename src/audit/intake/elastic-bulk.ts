import * as z from 'zod';
import { SinkError } from '../delivery/sink.ts';
import type { SinkFailure } from '../delivery/sink.ts';
import type { Intake } from './intake.ts';
import { jsonIn, ORIGIN_ANSWERS, pathOf } from './rows.ts';

/**
 * The bulk interface of Elasticsearch and OpenSearch. Each entry is a `create` with the id of the record as `_id`, so a
 * repeat is a conflict (409) and nothing is stored twice. The document has few fields of fixed types and the line verbatim
 * in `event.original`, so that no mapping of the index can refuse a record for what a caller wrote. From the pages
 * - https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
 * - https://docs.opensearch.org/latest/api-reference/document-apis/bulk/
 * A 200 can hide failures: `items` has a status for each entry, in their order. `filter_path` leaves out what is not read,
 * so the answer stays far below the most that is taken of an answer.
 */
const FILTER = 'errors,items.*.status';

const answerSchema = z.object({
  errors: z.boolean(),
  items: z.array(z.record(z.string(), z.object({ status: z.int() }))).exactOptional(),
});

/** What a status of one entry says, beside 2xx and 409 (it is there already). */
function failureOf(status: number): SinkFailure {
  if (status === 400) return 'content_refused';
  if (status === 404) return 'wrong_address';
  if (status === 429) return 'rate_limited';
  return status >= 500 ? 'server_error' : 'refused';
}

const INDEX_PATH = /\/[^/]+\/_bulk$/;

export const elasticBulk = {
  title: 'the bulk interface of Elasticsearch or OpenSearch',
  contentType: 'application/x-ndjson',
  isGzipTaken: true,
  credentials: { field: 'Authorization', scheme: 'ApiKey ' },
  needsCredentials: false,
  // http.max_content_length is 100 MB; the pages advise a few MB.
  limits: { bodyBytes: 5_000_000, entries: 1_000, entryBytes: Infinity },
  frame({ facts, line }, nowMs) {
    const { id, kind, seq, request } = facts;
    const document = {
      // A data stream needs it. The line of a damaged record has no time.
      '@timestamp': facts.time ?? new Date(nowMs).toISOString(),
      event: { original: line },
      audit: { seq, kind, ...(request === null ? {} : { request_id: request.id, outcome: request.result }) },
    };
    return `${JSON.stringify({ create: { _id: id } })}\n${JSON.stringify(document)}\n`;
  },
  join: (frames) => frames.join(''),
  target(url) {
    const target = new URL(url);
    target.searchParams.set('filter_path', FILTER);
    return target.href;
  },
  read(answer, entries) {
    const read = answerSchema.safeParse(jsonIn(answer));
    if (!read.success) throw new SinkError('unreadable_answer');
    const { errors, items = [] } = read.data;
    if (!errors) return [];
    const statuses = items.flatMap((item) => Object.values(item).map(({ status }) => status));
    if (statuses.length !== entries.length) throw new SinkError('unreadable_answer');
    const failures = statuses.map((status) =>
      (status >= 200 && status <= 299) || status === 409 ? null : failureOf(status),
    );
    const other = failures.find((failure) => failure !== null && failure !== 'content_refused') ?? null;
    // Everything is sent again; what was taken now is a conflict then.
    if (other !== null) throw new SinkError(other);
    return entries.filter((_entry, index) => failures[index] !== null);
  },
  failure: ({ status }) => (status === 400 ? 'refused' : null),
  urlProblem(url) {
    const path = pathOf(url);
    if (INDEX_PATH.test(path)) return null;
    return path.endsWith('/_bulk')
      ? 'must name the index or the data stream before /_bulk, as in /invite-audit/_bulk'
      : 'must end in /INDEX/_bulk for the preset elastic-bulk, as in /invite-audit/_bulk';
  },
  owns: (url) => pathOf(url).endsWith('/_bulk'),
  // An API key that may only create documents is refused at every harmless address, so it is not sent.
  probe: ORIGIN_ANSWERS,
} as const satisfies Intake;
