import type { Outcome, Parsed, Vendor } from './vendor.ts';
import { isObject, json, parsed, text } from './vendor.ts';

/**
 * The bulk interface: pairs of lines, and a 200 with a status for each entry. A data stream can have a failure store
 * (https://www.elastic.co/docs/manage-data/data-store/data-streams/failure-store): then a document that the mapping or a
 * pipeline refuses is put there, the answer reports no error, and a search of the stream does not find it.
 */
const STATUS: Readonly<Record<Outcome, number>> = { new: 201, there: 409, refused: 400, throttled: 429 };
const TYPE = {
  there: 'version_conflict_engine_exception',
  refused: 'document_parsing_exception',
  throttled: 'es_rejected_execution_exception',
} as const;

function create(head: unknown, body: unknown): Parsed | null {
  const action = isObject(head) ? head['create'] : undefined;
  if (!isObject(action) || typeof action['_id'] !== 'string' || !isObject(body)) return null;
  // A data stream takes no document without it.
  if (Number.isNaN(Date.parse(text(body['@timestamp'])))) return null;
  const event = body['event'];
  const line = isObject(event) ? event['original'] : undefined;
  return typeof line === 'string' ? { id: action['_id'], line, entry: body } : null;
}

/** What one entry says that the stream itself does not have. */
const IN_FAILURE_STORE = {
  _index: '.fs-logs-invites-default-2026.03.02-000002',
  status: 201,
  result: 'created',
  failure_store: 'used',
};

/** The members of each item that `filter_path` names; all of them without it. */
function filtered(item: object, filter: string | null): object {
  if (filter === null) return item;
  const asked = filter.split(',');
  const members = Object.entries(item).flatMap(([name, value]: [string, unknown]) => {
    if (asked.includes(`items.*.${name}`)) return [[name, value]];
    const inner = isObject(value)
      ? Object.entries(value).filter(([of]) => asked.includes(`items.*.${name}.${of}`))
      : [];
    return inner.length === 0 ? [] : [[name, Object.fromEntries(inner)]];
  });
  return Object.fromEntries(members) as object;
}

const answerOf =
  (isFailureStoreOn: boolean): Vendor['answer'] =>
  (outcomes, url) => {
    const isFailed = (outcome: Outcome): boolean => outcome !== 'new' && !(isFailureStoreOn && outcome === 'refused');
    const filter = url.searchParams.get('filter_path');
    const items = outcomes.map((outcome) => {
      if (outcome === 'refused' && isFailureStoreOn) return { create: filtered(IN_FAILURE_STORE, filter) };
      const said =
        outcome === 'new' ? { result: 'created' } : { error: { type: TYPE[outcome], reason: 'x'.repeat(300) } };
      return { create: filtered({ _index: 'invite-audit', status: STATUS[outcome], ...said }, filter) };
    });
    const errors = outcomes.some(isFailed);
    return json(200, filter === null ? { took: 3, errors, items } : { errors, items });
  };

const bulk = {
  intake: 'elastic-bulk',
  isGzipTaken: true,
  isIdUnique: true,
  parse(body, headers) {
    if (headers['content-type'] !== 'application/x-ndjson' || !body.endsWith('\n')) return null;
    const lines = body.slice(0, -1).split('\n').map(parsed);
    const entries: Parsed[] = [];
    for (let at = 0; at < lines.length; at += 2) {
      const entry = create(lines[at], lines[at + 1]);
      if (entry === null) return null;
      entries.push(entry);
    }
    return entries;
  },
  badRequest: json(400, { error: { type: 'illegal_argument_exception' }, status: 400 }),
  unauthorized: json(401, { error: { type: 'security_exception' }, status: 401 }),
  forbidden: json(403, { error: { type: 'security_exception' }, status: 403 }),
  tooLarge: { status: 413 },
  throttled: json(429, { error: { type: 'es_rejected_execution_exception' }, status: 429 }, { 'retry-after': '7' }),
  busy: json(503, { error: { type: 'cluster_block_exception' }, status: 503 }, { 'retry-after': '7' }),
  form: 'Elasticsearch + Logstash',
} as const satisfies Partial<Vendor>;

export const elasticsearch: Vendor = {
  ...bulk,
  answer: answerOf(true),
  name: 'Elasticsearch',
  url: 'https://elastic.example.com:9243/logs-invites-default/_bulk',
  isAuthorized: ({ authorization }, token) => authorization === `ApiKey ${token}`,
  /** One hit a line, as elasticdump writes it. */
  /** Hits of a search with `fields`, as Discover shows them. */
  exported: (stored) =>
    stored.map(({ id, entry, line }) =>
      JSON.stringify({
        _index: '.ds-logs-invites-default-2026.03.02-000001',
        _id: id,
        _score: 1,
        _source: entry,
        fields: { 'event.original': [line] },
      }),
    ),
};

export const opensearch: Vendor = {
  ...bulk,
  answer: answerOf(false),
  name: 'OpenSearch',
  url: 'https://opensearch.example.com:9200/invite-audit/_bulk',
  isAuthorized: ({ authorization }, token) => authorization === `ApiKey ${token}`,
  /** The answer of `_search`, as it is. */
  exported: (stored) => [
    JSON.stringify({
      took: 5,
      timed_out: false,
      hits: {
        total: { value: stored.length, relation: 'eq' },
        hits: stored.map(({ id, entry }) => ({ _index: 'invite-audit', _id: id, _source: entry, sort: [0] })),
      },
    }),
  ],
};
