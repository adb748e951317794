import type { Parsed, Vendor } from './vendor.ts';
import { idIn, isObject, parsed } from './vendor.ts';

/** A receiver of NDJSON that keeps what it gets, such as a function with a bucket. */
export const lineReceiver: Vendor = {
  name: 'a receiver of lines',
  intake: 'ndjson',
  url: 'https://collector.example.com/audit',
  isAuthorized: ({ authorization }, token) => authorization === `Bearer ${token}`,
  isGzipTaken: true,
  isIdUnique: false,
  parse(body, headers) {
    if (headers['content-type'] !== 'application/x-ndjson' || !body.endsWith('\n')) return null;
    const lines = body.slice(0, -1).split('\n');
    const entries = lines.map((line): Parsed | null => {
      const entry = parsed(line);
      return isObject(entry) ? { id: idIn(line), line, entry } : null;
    });
    return entries.every((entry) => entry !== null) ? entries : null;
  },
  answer: (outcomes) => (outcomes.includes('refused') ? null : { status: 204 }),
  badRequest: { status: 400, body: 'bad line' },
  unauthorized: { status: 401 },
  forbidden: { status: 403 },
  tooLarge: { status: 413 },
  throttled: { status: 429, headers: { 'retry-after': '7' } },
  busy: { status: 503, headers: { 'retry-after': '7' } },
  exported: (stored) => stored.map(({ line }) => line),
  form: 'plain',
};
