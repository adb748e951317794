import { describe, expect, it } from 'vitest';
import { entryOf } from '../../../../src/audit/delivery/entry.ts';
import { createHttpSink } from '../../../../src/audit/delivery/http-sink.ts';
import { otlpLogs } from '../../../../src/audit/delivery/otlp-logs.ts';
import type { OutboxItem } from '../../../../src/audit/delivery/sink.ts';
import { AUDIT_FORMATS, deliveredLine } from '../../../../src/audit/format/formats.ts';
import { readDeliveredLine } from '../../../../src/audit/line-forms/delivered-line.ts';
import { readTrailItem } from '../../../../src/audit/verify/item.ts';
import { createStdoutSink } from '../../../../src/platform/node/telemetry/logger.ts';
import type { HttpPort } from '../../../../src/ports/http.ts';
import { positionOf } from '../../../../src/audit/delivery/outbox-position.ts';
import { auditItems } from '../../../support/audit/audit-items.ts';
import { createFakeClock } from '../../../support/clock.ts';

/** What a sink gets when one stored line is damaged before it was delivered: the rest must not wait behind it for ever. */
const LINES = ['', '{"seq":', 'null', '[]', '{}', 'two\nlines', '{"kind":"intent","outcome":null}'];
const KINDS = ['record', 'checkpoint'] as const;

const items = KINDS.flatMap((kind) =>
  LINES.map((line): OutboxItem => ({ position: positionOf(58) + (kind === 'record' ? 0 : 1), kind, line })),
);

const HTTP_SINK = {
  url: 'https://collector.example.com/audit',
  source: 'https://invites.example.com',
  userAgent: 'test/0',
  intake: 'ndjson',
  token: async () => null,
  headers: async () => ({}),
  onRefused: () => expect.unreachable(),
  clock: createFakeClock(),
  schedule: createFakeClock(),
} as const;

function takingAll(urls: string[]): HttpPort {
  return {
    async exchange({ url }) {
      urls.push(url);
      return { kind: 'answered', status: 204, headers: {}, body: new Uint8Array() };
    },
  };
}

describe('an item that is damaged', () => {
  it.each(items.flatMap((item) => AUDIT_FORMATS.map((format) => ({ ...item, format }))))(
    'is delivered as one line of JSON that carries its text: $kind $line as $format',
    ({ format, ...item }) => {
      const text = deliveredLine(format, item);
      expect(text).not.toContain('\n');
      const value = JSON.parse(text) as Record<string, unknown>;
      expect([value['line'], value['raw_data'], text]).toContain(item.line);
    },
  );

  it.each(LINES.flatMap((line) => AUDIT_FORMATS.map((format) => ({ line, format }))))(
    'shows as damaged when delivered lines are verified: record $line as $format',
    ({ line, format }) => {
      const read = readDeliveredLine(deliveredLine(format, { position: positionOf(58), kind: 'record', line }));
      if (read.kind === 'native') expect(readTrailItem(read.text).kind).toBe('damaged');
      // A stored line that is JSON and no record at all is delivered as it is, and belongs to nobody.
      else expect(['{}', '{"kind":"intent","outcome":null}']).toContain(line);
    },
  );

  it.each(AUDIT_FORMATS)('holds no other item up, whatever the sink: %s', async (format) => {
    const [first, ...rest] = await auditItems();
    const bodies: string[] = [];
    const written: string[] = [];
    for (const damaged of items) {
      const batch = [damaged, first ?? damaged, ...rest, damaged];
      await createStdoutSink({ write: async (text) => void written.push(text) }, format).write(batch);
      await createHttpSink({ ...HTTP_SINK, http: takingAll(bodies), format }).write(batch);
      const origin = { resource: {}, scope: { name: 'test', version: '0' } };
      const entries = batch.map((item) => entryOf(item, format));
      expect(JSON.stringify(otlpLogs(entries, origin))).toContain('"intValue":"58"');
    }
    expect(written.join('').trimEnd().split('\n')).toHaveLength(items.length * (rest.length + 3));
    expect(bodies).toHaveLength(items.length);
  });
});
