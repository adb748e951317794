import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../../../src/audit/chain.ts';
import { entryOf } from '../../../../src/audit/delivery/entry.ts';
import type { Entry } from '../../../../src/audit/delivery/entry.ts';
import { otlpLogs } from '../../../../src/audit/delivery/otlp-logs.ts';
import type { LogOrigin } from '../../../../src/audit/delivery/otlp-logs.ts';
import type { OutboxItem } from '../../../../src/audit/delivery/sink.ts';
import type { AuditFormat } from '../../../../src/audit/format/formats.ts';
import type { RequestRecord } from '../../../../src/audit/record.ts';
import { RECORD_KINDS } from '../../../../src/audit/record-vocabulary.ts';
import { auditItems } from '../../../support/audit/audit-items.ts';
import { TEST_TIME_MS, testUuid7 } from '../../../support/clock.ts';

/**
 * Checks the payload with an independent decoder: the message types that OpenTelemetry generated from its published
 * .proto files. The payload is encoded to the wire format and decoded again, and must be the same JSON. A name or a
 * form that the decoder does not know is lost or changed on the way.
 */
interface MessageType {
  fromObject(json: object): object;
  /** The fault in the types and enums of a message, or null. */
  verify(message: object): string | null;
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
  toObject(message: object, options: object): object;
}

const published = createRequire(import.meta.url)('@opentelemetry/otlp-transformer/build/src/generated/root.js') as {
  opentelemetry: { proto: { collector: { logs: { v1: { ExportLogsServiceRequest: MessageType } } } } };
};
const { ExportLogsServiceRequest } = published.opentelemetry.proto.collector.logs.v1;

function throughTheWire(json: object): object {
  const message = ExportLogsServiceRequest.fromObject(json);
  const problem = ExportLogsServiceRequest.verify(message);
  if (problem !== null) throw new Error(problem);
  const bytes = ExportLogsServiceRequest.encode(message).finish();
  return ExportLogsServiceRequest.toObject(ExportLogsServiceRequest.decode(bytes), { longs: String, enums: Number });
}

const ORIGIN: LogOrigin = {
  resource: { 'service.name': 'invites', 'service.instance.id': 'test-1' },
  scope: { name: 'galileo-invite-proxy', version: '0.0.0' },
};

interface Attribute {
  readonly key: string;
  readonly value: object;
}

interface LogRecord {
  readonly timeUnixNano: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: { readonly stringValue: string };
  readonly attributes: readonly Attribute[];
  readonly traceId?: string;
}

function logRecordsOf(request: object): readonly LogRecord[] {
  const { resourceLogs } = request as { resourceLogs: { scopeLogs: { logRecords: LogRecord[] }[] }[] };
  return resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));
}

function entriesOf(items: readonly OutboxItem[], format: AuditFormat = 'native'): readonly Entry[] {
  return items.map((item) => entryOf(item, format));
}

describe('the OTLP payload', () => {
  it.each(['native', 'ocsf'] as const)(
    'is the same after the published decoder has decoded it (%s)',
    async (format) => {
      const items = await auditItems(RECORD_KINDS.map((kind) => ({ kind })));
      const json = JSON.parse(JSON.stringify(otlpLogs(entriesOf(items, format), ORIGIN))) as object;
      expect(throughTheWire(json)).toEqual(json);
      expect(logRecordsOf(json)).toHaveLength(RECORD_KINDS.length + 1);
    },
  );

  it.each<[name: string, change: (text: string) => string]>([
    ['a name that is not in the schema', (text) => text.replace('"eventName"', '"event_name"')],
    ['a name of the wrong level', (text) => text.replace('"scopeLogs"', '"logs"')],
    ['a value in the wrong form', (text) => text.replace(/"stringValue":"[^"]*"/, '"stringValue":7')],
    ['a time that is no number', (text) => text.replace(/"timeUnixNano":"\d+"/, '"timeUnixNano":"now"')],
    ['a severity that is none', (text) => text.replace('"severityNumber":9', '"severityNumber":99')],
  ])('would be caught with %s', async (_name, change) => {
    const text = JSON.stringify(otlpLogs(entriesOf(await auditItems()), ORIGIN));
    const changed = change(text);
    expect(changed).not.toBe(text);
    const json = JSON.parse(changed) as object;
    expect(() => expect(throughTheWire(json)).toEqual(json)).toThrow();
  });

  it('carries each line verbatim, so that what was delivered verifies', async () => {
    const items = await auditItems();
    const lines = logRecordsOf(throughTheWire(otlpLogs(entriesOf(items), ORIGIN))).map(({ body }) => body.stringValue);
    expect(lines).toEqual(items.map(({ line }) => line));
    expect(verifyChain(lines.slice(0, -1)).kind).toBe('intact');
  });

  it('has the time in whole nanoseconds, and the event and request in attributes that can be searched', async () => {
    const [record, , , checkpoint] = logRecordsOf(otlpLogs(entriesOf(await auditItems()), ORIGIN));
    expect(record).toMatchObject({
      timeUnixNano: `${TEST_TIME_MS + 1000}000000`,
      observedTimeUnixNano: `${TEST_TIME_MS + 1000}000000`,
      eventName: 'galileo_invite_proxy.audit.intent',
      attributes: [
        { key: 'log.record.uid', value: { stringValue: testUuid7(1) } },
        { key: 'audit.seq', value: { intValue: '1' } },
        { key: 'audit.kind', value: { stringValue: 'intent' } },
        { key: 'audit.request_id', value: { stringValue: testUuid7(1001) } },
        { key: 'audit.outcome', value: { stringValue: 'admitted' } },
      ],
    });
    expect(checkpoint).toMatchObject({
      severityText: 'INFO',
      eventName: 'galileo_invite_proxy.audit.checkpoint',
      attributes: [
        { key: 'log.record.uid', value: { stringValue: testUuid7(4) } },
        { key: 'audit.seq', value: { intValue: '3' } },
        { key: 'audit.kind', value: { stringValue: 'checkpoint' } },
      ],
    });
  });

  it('has the trace id of the request as its own, in hex, and none where there is none or one of another form', async () => {
    const [item, ...others] = await auditItems([{ kind: 'denial' }]);
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const saying = (id: string): OutboxItem => ({ ...item!, line: item!.line.replace('{', `{"trace_id":"${id}",`) });
    const items = [saying(traceId), item!, saying(traceId.toUpperCase()), saying('0'.repeat(32)), ...others];
    const json = otlpLogs(entriesOf(items), ORIGIN);
    expect(logRecordsOf(json).map((record) => record.traceId)).toEqual([
      traceId,
      ...items.slice(1).map(() => undefined),
    ]);
    // Bytes are Base64 in the JSON mapping of Protocol Buffers, and ids of traces hex in OTLP's.
    const base64 = Buffer.from(traceId, 'hex').toString('base64');
    const asBytes = JSON.parse(
      JSON.stringify(json).replace(`"traceId":"${traceId}"`, `"traceId":"${base64}"`),
    ) as object;
    const [decoded] = logRecordsOf(throughTheWire(asBytes));
    expect(Buffer.from(decoded?.traceId ?? '').toString('hex')).toBe(traceId);
  });

  it.each([
    ['admitted', 9, 'INFO'],
    ['accepted', 9, 'INFO'],
    ['replayed', 9, 'INFO'],
    ['previewed', 9, 'INFO'],
    ['denied', 13, 'WARN'],
    ['refused', 13, 'WARN'],
    ['not_sent', 13, 'WARN'],
    ['unknown', 17, 'ERROR'],
  ] as const)('gives the result %s the severity %d (%s)', async (result, severityNumber, severityText) => {
    const items = await auditItems([{ kind: 'outcome', outcome: { result } }]);
    expect(logRecordsOf(otlpLogs(entriesOf(items), ORIGIN))[0]).toMatchObject({ severityNumber, severityText });
  });

  it('contains no personal data outside the line itself', async () => {
    const items = await auditItems();
    const { actor, source, request } = JSON.parse(items[0]?.line ?? '') as RequestRecord;
    const envelope = JSON.stringify(otlpLogs(entriesOf(items), ORIGIN), (name, value: unknown) =>
      name === 'body' ? undefined : value,
    );
    const personal = [actor.subject, actor.client_id, source.address ?? '', ...(request.emails ?? [])];
    for (const text of personal) expect(envelope).not.toContain(`"${text}"`);
  });

  it('is the same when it is made again', async () => {
    const items = await auditItems();
    expect(JSON.stringify(otlpLogs(entriesOf(items), ORIGIN))).toBe(JSON.stringify(otlpLogs(entriesOf(items), ORIGIN)));
  });
});
