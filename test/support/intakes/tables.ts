import type { Outcome, Parsed, Vendor } from './vendor.ts';
import { isObject, json, parsed, text } from './vendor.ts';

/** Intakes that make rows of a table from an array of flat objects. */
const COLUMNS = ['time', 'audit_id', 'audit_seq', 'audit_kind', 'line'];

const rows = {
  intake: 'json-array',
  isAuthorized: ({ authorization }, token) => authorization === `Bearer ${token}`,
  isGzipTaken: false,
  isIdUnique: false,
  parse(body, headers) {
    const list = headers['content-type'] === 'application/json' ? parsed(body) : undefined;
    if (!Array.isArray(list)) return null;
    const entries = list.map((entry: unknown): Parsed | null => {
      if (!isObject(entry) || typeof entry['line'] !== 'string') return null;
      if (Object.keys(entry).join() !== COLUMNS.join()) return null;
      return { id: text(entry['audit_id']), line: entry['line'], entry };
    });
    return entries.every((entry) => entry !== null) ? entries : null;
  },
  unauthorized: json(401, { error: { code: 'InvalidToken' } }),
  forbidden: json(403, { error: { code: 'OperationFailed' } }),
  tooLarge: json(413, { error: { code: 'ContentLengthLimitExceeded' } }),
  throttled: json(429, { error: { code: 'RequestThrottled' } }, { 'retry-after': '7' }),
  busy: json(503, {}, { 'retry-after': '7' }),
} as const satisfies Partial<Vendor>;

export const cloudflarePipelines: Vendor = {
  ...rows,
  name: 'Cloudflare Pipelines',
  url: 'https://0e00c5ff09b34d018152af98d06f5a1e.ingest.cloudflare.com/',
  answer(outcomes: readonly Outcome[]) {
    if (outcomes.includes('refused')) return null;
    return json(200, { success: true, result: { committed: outcomes.length }, errors: [], messages: [] });
  },
  badRequest: json(400, { success: false, errors: [{ code: 1001, message: 'invalid event' }] }),
  /** The JSON files of a stream without a schema: the event is the one column `value`. */
  exported: (stored) =>
    stored.map(({ entry, line }) => JSON.stringify({ __ingest_ts: '2026-03-02T10:00:02Z', value: { ...entry, line } })),
  form: 'Cloudflare Pipelines',
};

const MOST_VALUE_LENGTH = 64 * 1024;

export const sentinel: Vendor = {
  ...rows,
  name: 'Microsoft Sentinel',
  url: 'https://dce-x1.westeurope-1.ingest.monitor.azure.com/dataCollectionRules/dcr-0a1b/streams/Custom-Invites?api-version=2023-01-01',
  parse: (body, headers, url) => (url.searchParams.has('api-version') ? rows.parse(body, headers) : null),
  // A longer value is cut, and the answer says nothing of it.
  keep: (entry) => ({ ...entry, line: entry.line.slice(0, MOST_VALUE_LENGTH) }),
  answer: (outcomes) => (outcomes.includes('refused') ? null : { status: 204 }),
  badRequest: json(400, { error: { code: 'InvalidPayload' } }),
  /** Rows of a query, with columns of the workspace, in the order of the table. */
  exported: (stored) =>
    stored.map(({ entry, line }) =>
      JSON.stringify({
        TenantId: '0a1b2c3d-0000-0000-0000-000000000000',
        TimeGenerated: entry['time'],
        audit_id: entry['audit_id'],
        audit_kind: entry['audit_kind'],
        audit_seq: entry['audit_seq'],
        line,
        Type: 'Invites_CL',
        _ResourceId: '',
      }),
    ),
  form: 'JSON array',
};
