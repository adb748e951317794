import { extractedFrom } from '../audit/extracted.ts';
import type { Parsed, Vendor } from './vendor.ts';
import { idIn, isObject, json, parsed, text } from './vendor.ts';

/** Splunk's HTTP Event Collector: events as concatenated JSON, answers with a code number. */
export const splunk: Vendor = {
  name: 'Splunk',
  intake: 'splunk-hec',
  url: 'https://splunk.example.com:8088/services/collector/event',
  isAuthorized: ({ authorization }, token) => authorization === `Splunk ${token}`,
  isGzipTaken: true,
  isIdUnique: false,
  parse(body) {
    // A quotation mark inside a text is escaped, so these characters are between two events only.
    const events = body.split(/(?<=\})(?=\{")/).map((event): Parsed | null => {
      const entry = parsed(event);
      if (!isObject(entry) || typeof entry['event'] !== 'string' || entry['event'] === '') return null;
      if (entry['time'] !== undefined && typeof entry['time'] !== 'number') return null;
      return { id: idIn(entry['event']), line: entry['event'], entry };
    });
    return events.every((event) => event !== null) ? events : null;
  },
  // With indexer acknowledgement off, a collector may still add the member.
  answer: (outcomes) => (outcomes.includes('refused') ? null : json(200, { text: 'Success', code: 0, ackId: 17 })),
  // It reads one event after the other, and `invalid-event-number` says where it stopped.
  keepsBeforeRefused: true,
  badRequest: json(400, { text: 'Invalid data format', code: 6, 'invalid-event-number': 0 }),
  unauthorized: json(401, { text: 'Invalid authorization', code: 3 }),
  forbidden: json(403, { text: 'Invalid token', code: 4 }),
  tooLarge: { status: 413, headers: { 'content-type': 'text/xml' }, body: '<response><messages/></response>' },
  throttled: { status: 429, headers: { 'retry-after': '7' } },
  busy: json(503, { text: 'Server is busy', code: 9 }, { 'retry-after': '7' }),
  /** `search index=audit | reverse`, exported as JSON: `_json` extracts the members of the line. */
  exported: (stored) =>
    stored.map(({ line, entry }, offset) =>
      JSON.stringify({
        preview: false,
        offset,
        ...(offset === stored.length - 1 ? { lastrow: true } : {}),
        result: {
          _raw: line,
          _time: text(entry['time']),
          host: 'splunk.example.com:8088',
          index: 'audit',
          linecount: '1',
          source: 'http:invites',
          sourcetype: '_json',
          splunk_server: 'idx-1',
          ...extractedFrom(line),
        },
      }),
    ),
  form: 'Splunk',
};
