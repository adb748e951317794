import type { Parsed, Vendor } from './vendor.ts';
import { isObject, json, parsed } from './vendor.ts';

/** An OTLP receiver that stores with the file exporter of the OpenTelemetry Collector. It counts what it rejects. */
interface LogRecord {
  readonly body: { readonly stringValue: string };
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

function recordsIn(request: Readonly<Record<string, unknown>>): readonly LogRecord[] {
  const { resourceLogs } = request as { resourceLogs: { scopeLogs: { logRecords: LogRecord[] }[] }[] };
  return resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));
}

export const otlpReceiver: Vendor = {
  name: 'an OTLP receiver',
  intake: 'otlp',
  url: 'https://otlp.example.com/v1/logs',
  isAuthorized: ({ authorization }, token) => authorization === `Bearer ${token}`,
  isGzipTaken: true,
  isIdUnique: false,
  parse(body, headers) {
    const request = headers['content-type'] === 'application/json' ? parsed(body) : undefined;
    if (!isObject(request)) return null;
    return recordsIn(request).map((record): Parsed => {
      const uid = record.attributes.find(({ key }) => key === 'log.record.uid')?.value.stringValue ?? '';
      return { id: uid, line: record.body.stringValue, entry: { ...record } };
    });
  },
  answer(outcomes) {
    const rejected = outcomes.filter((outcome) => outcome === 'refused').length;
    const partial = { rejectedLogRecords: String(rejected), errorMessage: 'too old', reasons: ['age'] };
    return json(200, rejected === 0 ? { took: 2 } : { partialSuccess: partial });
  },
  badRequest: json(400, { code: 3, message: 'bad request' }),
  unauthorized: json(401, { code: 16, message: 'no token' }),
  forbidden: json(403, { code: 7, message: 'no permission' }),
  tooLarge: { status: 413 },
  throttled: { status: 429, headers: { 'retry-after': '7' } },
  busy: { status: 503, headers: { 'retry-after': '7' } },
  exported: (stored) => [
    JSON.stringify({
      resourceLogs: [{ resource: {}, scopeLogs: [{ scope: {}, logRecords: stored.map(({ entry }) => entry) }] }],
    }),
  ],
  form: 'OTLP JSON',
};
