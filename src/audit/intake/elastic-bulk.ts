import * as z from 'zod';
import { isObject } from '../../lib/parse-object.ts';
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
 * - https://www.elastic.co/docs/manage-data/data-store/data-streams/failure-store
 * A 200 can hide failures: `items` has a status for each entry, in their order. A 2xx of an entry can hide one, too: a
 * data stream with a failure store answers 201 for a document that its mapping or a pipeline refused, and a pipeline that
 * drops a document answers 200, both without `errors`. `filter_path` leaves out what is not read, so the answer stays far
 * below the most that is taken of an answer.
 */
const FILTER = [
  'errors',
  ...['status', 'result', 'failure_store', 'error.type'].map((name) => `items.*.${name}`),
].join();

/** Only the status must be there: OpenSearch and others have fewer members, and some have a text as `error`. */
const itemSchema = z.object({
  status: z.int(),
  result: z.unknown().exactOptional(),
  failure_store: z.unknown().exactOptional(),
  error: z.unknown().exactOptional(),
});
type Item = z.output<typeof itemSchema>;

const answerSchema = z.object({
  errors: z.boolean(),
  items: z.array(z.record(z.string(), itemSchema)).exactOptional(),
});

/** What is said of one entry; null: the index has it. 409: it had it already. */
function failureOf(item: Item): SinkFailure | null {
  const { status } = item;
  if (status >= 200 && status <= 299) return isElsewhere(item) ? 'content_refused' : null;
  if (status === 409) return null;
  if (status === 404) return 'wrong_address';
  if (status === 429) return 'rate_limited';
  if (status === 401 || status === 403) return isOfRights(item) ? 'credentials_rejected' : 'refused';
  if (status >= 500) return 'server_error';
  return status >= 400 ? 'content_refused' : 'refused';
}

/** Dropped by a pipeline, or in the failure store: a search of the index does not find it. */
function isElsewhere({ result, failure_store: store }: Item): boolean {
  return result === 'noop' || store === 'used';
}

/** The key may not create documents there; else the index takes no writes. */
function isOfRights({ error }: Item): boolean {
  return isObject(error) && error['type'] === 'security_exception';
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
    const said = items.flatMap((item) => Object.values(item));
    if (said.length !== entries.length) {
      if (errors) throw new SinkError('unreadable_answer');
      return [];
    }
    const failures = said.map(failureOf);
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
