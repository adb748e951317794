import type { Parsed, Vendor } from './vendor.ts';
import { isObject, json, parsed, text } from './vendor.ts';

/**
 * Datadog's interface for logs. Of an entry with a time that is too old, the pages say no more than that it cannot be
 * submitted: here it is the worst, dropped behind a 202. What is above 1 MB is cut.
 */
const OLDEST_MS = 18 * 3_600_000;
const MOST_ENTRIES = 1_000;
const MOST_LENGTH = 1_000_000;

const problem = (status: number, title: string) => json(status, { errors: [{ status: String(status), title }] });

export const datadogLogs: Vendor = {
  name: 'Datadog',
  intake: 'datadog',
  url: 'https://http-intake.logs.datadoghq.eu/api/v2/logs',
  isAuthorized: (headers, token) => headers['dd-api-key'] === token && headers['authorization'] === undefined,
  isGzipTaken: true,
  isIdUnique: false,
  parse(body, headers) {
    const list = headers['content-type'] === 'application/json' ? parsed(body) : undefined;
    if (!Array.isArray(list) || list.length > MOST_ENTRIES) return null;
    const entries = list.map((entry: unknown): Parsed | null => {
      if (!isObject(entry) || typeof entry['message'] !== 'string' || typeof entry['line'] !== 'string') return null;
      const { audit } = entry;
      return { id: isObject(audit) ? text(audit['id']) : '', line: entry['line'], entry };
    });
    return entries.every((entry) => entry !== null) ? entries : null;
  },
  keep(entry, nowMs) {
    const { timestamp } = entry.entry;
    if (typeof timestamp === 'number' && timestamp < nowMs - OLDEST_MS) return null;
    const { line } = entry;
    return line.length > MOST_LENGTH ? { ...entry, line: line.slice(0, MOST_LENGTH) } : entry;
  },
  answer: (outcomes) => (outcomes.includes('refused') ? null : json(202, {})),
  badRequest: problem(400, 'Bad Request'),
  unauthorized: problem(401, 'Unauthorized'),
  forbidden: problem(403, 'Forbidden'),
  tooLarge: problem(413, 'Payload Too Large'),
  throttled: { status: 429, headers: { 'retry-after': '7' } },
  busy: { ...problem(503, 'Service Unavailable'), headers: { 'retry-after': '7' } },
  /** `POST /api/v2/logs/events/search`, each log of its `data` on a line. */
  exported: (stored) =>
    stored.map(({ line, entry }, n) =>
      JSON.stringify({
        id: `AgAAAY${String(n)}`,
        type: 'log',
        attributes: {
          attributes: { audit: entry['audit'], line },
          message: entry['message'],
          service: entry['service'],
          status: entry['status'],
          tags: ['source:galileo-invite-proxy', 'datadog.submission_auth:api_key'],
          timestamp: '2026-03-02T10:00:01.000Z',
        },
      }),
    ),
  form: 'Datadog',
};
