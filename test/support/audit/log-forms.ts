/**
 * What runtimes, collectors and log stores make of lines on stdout: one row per form, as its product writes it. The same
 * rows are read by unit tests, attack tests and the chapter of docs/compatibility.md.
 */
export interface LogForm {
  /** The product, as its users call it. */
  readonly product: string;
  /** What is in the file, as a noun phrase; Markdown. */
  readonly sends: string;
  /** The form, as a report names it. */
  readonly reported: string;
  /** The lines in the file for one line that the service wrote. */
  readonly wrap: (line: string) => readonly string[];
}

const TIME = '2026-05-04T10:00:00.123456789Z';
const json = JSON.stringify;

/** A long line in pieces of 16 KiB, as Docker and containerd cut it. */
export function piecesOf(line: string, size = 16 * 1024): readonly string[] {
  const pieces: string[] = [];
  for (let at = 0; at < line.length; at += size) pieces.push(line.slice(at, at + size));
  return pieces;
}

/** Each piece, and whether it is the last one. */
function eachPiece(line: string, wrap: (piece: string, isLast: boolean, index: number) => string): readonly string[] {
  const pieces = piecesOf(line);
  return pieces.map((piece, index) => wrap(piece, index === pieces.length - 1, index));
}

export const dockerJson = (log: string, stream = 'stdout'): string => json({ log, stream, time: TIME });
export const cri = (text: string, tag: 'P' | 'F', stream = 'stdout'): string => `${TIME} ${stream} ${tag} ${text}`;

export const LOG_FORMS: readonly LogForm[] = [
  { product: 'Node, a shell', sends: 'plain stdout', reported: 'plain', wrap: (line) => [line] },
  {
    product: 'Docker',
    sends: '`json-file`: `{"log":"…\\n","stream":"stdout","time":"…"}`, long lines in pieces of 16 KiB',
    reported: 'Docker json-file',
    wrap: (line) => eachPiece(line, (piece, isLast) => dockerJson(isLast ? `${piece}\n` : piece)),
  },
  {
    product: 'Docker',
    sends: '`json-file` of a container with a terminal: lines end in `\\r\\n`, with `attrs`',
    reported: 'Docker json-file',
    wrap: (line) => [json({ log: `${line}\r\n`, stream: 'stdout', attrs: { tag: 'proxy' }, time: TIME })],
  },
  {
    product: 'Docker',
    sends: '`docker logs --timestamps`',
    reported: 'timestamps',
    wrap: (line) => [`${TIME} ${line}`],
  },
  {
    product: 'Docker',
    sends: 'the `fluentd` driver (FireLens): `{"log","container_id","partial_message",…}`',
    reported: 'Docker fluentd driver',
    wrap: (line) =>
      eachPiece(line, (log, isLast, index) =>
        json({
          container_id: 'ab'.repeat(32),
          container_name: '/proxy',
          source: 'stdout',
          log,
          partial_message: 'true',
          partial_id: 'p1',
          partial_ordinal: String(index + 1),
          partial_last: String(isLast),
        }),
      ),
  },
  {
    product: 'containerd, CRI-O, podman `k8s-file`',
    sends: 'CRI: `… stdout F line`, long lines in pieces marked `P`',
    reported: 'CRI',
    wrap: (line) => eachPiece(line, (piece, isLast) => cri(piece, isLast ? 'F' : 'P')),
  },
  {
    product: 'Kubernetes',
    sends: '`kubectl logs --prefix`',
    reported: 'kubectl --prefix',
    wrap: (line) => [`[pod/proxy-6d4cf56db6-abcde/proxy] ${line}`],
  },
  {
    product: 'Kubernetes',
    sends: '`kubectl logs --prefix --timestamps`',
    reported: 'kubectl --prefix + timestamps',
    wrap: (line) => [`[pod/proxy-0/proxy] ${TIME} ${line}`],
  },
  {
    product: 'Kubernetes',
    sends: '`stern`',
    reported: 'stern',
    wrap: (line) => [`proxy-6d4cf56db6-abcde proxy ${line}`],
  },
  {
    product: 'Docker Compose',
    sends: '`docker compose logs --no-color`',
    reported: 'Compose',
    wrap: (line) => [`proxy-1  | ${line}`],
  },
  {
    product: 'Docker Compose',
    sends: '`docker compose logs` with colours and `--timestamps`',
    reported: 'Compose + timestamps',
    wrap: (line) => [`\u001b[36mproxy-1  | \u001b[0m${TIME} ${line}`],
  },
  {
    product: 'Docker Swarm',
    sends: '`docker service logs`',
    reported: 'Compose',
    wrap: (line) => [`proxy.1.x7k2m9@node-1    | ${line}`],
  },
  {
    product: 'systemd',
    sends: '`journalctl -o json --all`: `MESSAGE`, lines over 48 KiB in pieces',
    reported: 'journalctl JSON',
    wrap: (line) =>
      eachPiece(line, (piece, isLast, index) =>
        json({
          __CURSOR: `s=1;i=${String(index)}`,
          __REALTIME_TIMESTAMP: '1777888800000000',
          _TRANSPORT: 'stdout',
          _STREAM_ID: 'ab'.repeat(16),
          _PID: '42',
          MESSAGE: index === 0 ? [...Buffer.from(piece)] : piece,
          ...(isLast ? {} : { _LINE_BREAK: 'line-max' }),
        }),
      ),
  },
  {
    product: 'Docker `journald` driver',
    sends: '`journalctl -o json --all` with `CONTAINER_PARTIAL_MESSAGE`',
    reported: 'journalctl JSON',
    wrap: (line) =>
      eachPiece(line, (piece, isLast) =>
        json({
          MESSAGE: piece,
          CONTAINER_ID: 'abababababab',
          PRIORITY: '6',
          ...(isLast ? {} : { CONTAINER_PARTIAL_MESSAGE: 'true' }),
        }),
      ),
  },
  {
    product: 'systemd',
    sends: '`journalctl -o short`, and the file of a syslog daemon',
    reported: 'syslog',
    wrap: (line) => [`May  4 10:00:00 host-1 galileo-invite-proxy[42]: ${line}`],
  },
  {
    product: 'systemd',
    sends: '`journalctl -o short-iso`',
    reported: 'syslog',
    wrap: (line) => [`2026-05-04T10:00:00+0000 host-1 node[42]: ${line}`],
  },
  {
    product: 'systemd',
    sends: '`journalctl -o short-full`',
    reported: 'syslog',
    wrap: (line) => [`Mon 2026-05-04 10:00:00 UTC host-1 node[42]: ${line}`],
  },
  {
    product: 'systemd',
    sends: '`journalctl -o export`',
    reported: 'journalctl export',
    wrap: (line) => [`MESSAGE=${line}`],
  },
  {
    product: 'Syslog',
    sends: 'RFC 5424 with a priority',
    reported: 'syslog',
    wrap: (line) => [`<14>1 ${TIME} host-1 proxy 42 - [meta seq="7"] ${line}`],
  },
  {
    product: 'Fluent Bit',
    sends: '`{"date":…,"log":"…"}`',
    reported: 'Fluent Bit',
    wrap: (line) => [json({ date: 1_777_888_800.5, log: line })],
  },
  {
    product: 'Fluent Bit on Kubernetes',
    sends: 'its CRI parser: `{"stream","logtag","log","kubernetes"}`',
    reported: 'Fluent Bit',
    wrap: (line) =>
      eachPiece(line, (log, isLast) =>
        json({
          stream: 'stdout',
          logtag: isLast ? 'F' : 'P',
          log,
          kubernetes: { pod_name: 'proxy-0', docker_id: 'cd'.repeat(32), annotations: { x: '{"a":1}' } },
        }),
      ),
  },
  {
    product: 'Fluent Bit on Kubernetes',
    sends: 'CRI lines that it did not parse, in `log`',
    reported: 'Fluent Bit + CRI',
    wrap: (line) => eachPiece(line, (piece, isLast) => json({ log: cri(piece, isLast ? 'F' : 'P') })),
  },
  {
    product: 'Fluent Bit on Kubernetes',
    sends: '`Merge_Log On`: the parsed members beside `log`',
    reported: 'plain',
    wrap: (line) => [json({ log: `${line}\n`, stream: 'stdout', ...(JSON.parse(line) as object) })],
  },
  {
    product: 'Fluentd',
    sends: '`out_file`: time, tag and `{"log":"…"}` with tabs between',
    reported: 'Fluentd + Fluent Bit',
    wrap: (line) => [`2026-05-04T10:00:00+00:00\tkube.proxy\t${json({ log: line })}`],
  },
  {
    product: 'Vector',
    sends: '`{"message":"…","source_type":"file"}`',
    reported: 'Vector',
    wrap: (line) => [json({ file: '/var/log/x', host: 'h', message: line, source_type: 'file', timestamp: TIME })],
  },
  {
    product: 'Filebeat',
    sends: '`{"@timestamp","message","log":{"file":…}}`, with the same text in `event.original`',
    reported: 'JSON with message',
    wrap: (line) => [
      json({
        '@timestamp': TIME,
        log: { file: { path: '/var/log/x' }, offset: 7 },
        message: line,
        event: { original: line },
      }),
    ],
  },
  {
    product: 'OpenTelemetry Collector',
    sends: 'the `file` exporter: OTLP JSON',
    reported: 'OTLP JSON',
    wrap: (line) => [
      json({
        resourceLogs: [{ resource: {}, scopeLogs: [{ scope: {}, logRecords: [{ body: { stringValue: line } }] }] }],
      }),
    ],
  },
  {
    product: 'AWS ECS, CloudWatch Logs',
    sends: 'an export to S3: `timestamp message`',
    reported: 'timestamps',
    wrap: (line) => [`2026-05-04T10:00:00.123Z ${line}`],
  },
  {
    product: 'AWS CloudWatch Logs',
    sends: '`aws logs tail`',
    reported: 'aws logs tail',
    wrap: (line) => [`2026-05-04T10:00:00.123000+00:00 ecs/proxy/0123456789abcdef ${line}`],
  },
  {
    product: 'AWS CloudWatch Logs',
    sends: 'a subscription: `{"logEvents":[{"message":"…"}]}`',
    reported: 'CloudWatch subscription',
    wrap: (line) => [json({ messageType: 'DATA_MESSAGE', logEvents: [{ id: '1', timestamp: 1, message: line }] })],
  },
  {
    product: 'Google Cloud Logging',
    sends: 'an export with `textPayload`',
    reported: 'Cloud Logging',
    wrap: (line) => [json({ insertId: 'x', textPayload: `${line}\n`, timestamp: TIME })],
  },
  {
    product: 'Google Cloud Logging (GKE)',
    sends: 'an export with `jsonPayload`: no verbatim line, the parsed members in another order',
    reported: 'Cloud Logging',
    wrap: (line) => [json({ insertId: 'x', jsonPayload: turned(JSON.parse(line)), timestamp: TIME })],
  },
  {
    product: 'Azure Monitor',
    sends: '`ContainerLogV2`: `{"LogMessage":"…"}`',
    reported: 'Azure Monitor',
    wrap: (line) => [json({ TimeGenerated: TIME, LogSource: 'stdout', LogMessage: line })],
  },
  {
    product: 'Loki',
    sends: '`logcli -o jsonl`',
    reported: 'Loki',
    wrap: (line) => [json({ labels: { app: 'proxy' }, line, timestamp: TIME })],
  },
  {
    product: 'Loki',
    sends: '`logcli` with its labels',
    reported: 'logcli',
    wrap: (line) => [`2026-05-04T10:00:00Z {app="proxy", pod="proxy-0"} ${line}`],
  },
  {
    product: 'Elasticsearch',
    sends: 'a dump of documents: `{"_source":{…}}`',
    reported: 'Elasticsearch',
    wrap: (line) => [
      json({ _index: 'audit', _id: 'x', _source: { '@timestamp': TIME, ...(JSON.parse(line) as object) } }),
    ],
  },
  {
    product: 'Splunk',
    sends: 'an export: `{"result":{"_raw":"…"}}`',
    reported: 'Splunk',
    wrap: (line) => [json({ preview: false, result: { _raw: line, host: 'h' } })],
  },
  {
    product: 'Splunk',
    sends: 'the results of a search over the interface: `{"results":[{"_raw":"…"}]}`',
    reported: 'Splunk',
    wrap: (line) => [json({ preview: false, init_offset: 0, results: [{ _raw: line, host: 'h' }], highlighted: {} })],
  },
  {
    product: 'Elasticsearch, OpenSearch',
    sends: 'documents of the preset `elastic-bulk`: `{"_source":{"event":{"original":"…"}}}`',
    reported: 'Elasticsearch + Logstash',
    wrap: (line) => [
      json({
        _index: 'audit',
        _id: 'x',
        _source: { '@timestamp': TIME, event: { original: line }, audit: { seq: 7 } },
      }),
    ],
  },
  {
    product: 'Elasticsearch',
    sends: 'hits without `_source`: `{"fields":{"event.original":["…"]}}`',
    reported: 'Elasticsearch',
    wrap: (line) => [json({ _index: 'audit', _id: 'x', fields: { 'event.original': [line], 'audit.seq': [7] } })],
  },
  {
    product: 'Elasticsearch',
    sends: 'documents of a mapping without sub-objects: `{"_source":{"event.original":"…"}}`',
    reported: 'Elasticsearch',
    wrap: (line) => [json({ _index: 'audit', _id: 'x', _source: { 'event.original': line, 'audit.seq': 7 } })],
  },
  {
    product: 'Elasticsearch',
    sends: 'logs that came by OTLP: `{"_source":{"body":{"text":"…"}}}`',
    reported: 'Elasticsearch + OTLP, stored',
    wrap: (line) => [json({ _index: 'logs', _source: { '@timestamp': TIME, body: { text: line }, attributes: {} } })],
  },
  {
    product: 'OpenObserve, OpenSearch',
    sends: 'logs that came by OTLP: `{"body":"…"}`',
    reported: 'OTLP, stored',
    wrap: (line) => [json({ _timestamp: 1, body: line, severity: 'INFO' })],
  },
  {
    product: 'ClickHouse',
    sends: 'rows of `otel_logs` as `JSONEachRow`: `{"Body":"…"}`',
    reported: 'OTLP, stored',
    wrap: (line) => [json({ Timestamp: TIME, ServiceName: 'proxy', Body: line, LogAttributes: {} })],
  },
  {
    product: 'VictoriaLogs',
    sends: 'an answer of its query: `{"_msg":"…"}`',
    reported: 'VictoriaLogs',
    wrap: (line) => [json({ _time: TIME, _stream: '{}', _msg: line })],
  },
  {
    product: 'Elasticsearch',
    sends: 'an answer of `_search?pretty`: `"original" : "…"` on a line of its own',
    reported: 'printed JSON',
    wrap: (line) => [
      '      {',
      '        "_index" : "invite-audit",',
      '        "_source" : {',
      '          "event" : {',
      `            "original" : ${json(line)}`,
      '          }',
      '        }',
      '      },',
    ],
  },
  {
    product: 'Any of them',
    sends: 'a list with one object a line, and a comma behind it',
    reported: 'JSON list',
    wrap: (line) => [`  ${line},`],
  },
  {
    product: 'Elasticsearch',
    sends: 'documents in the failure store of a data stream: `{"_source":{"document":{"source":{…}},"error":{…}}}`',
    reported: 'Elasticsearch + failure store + Logstash',
    wrap: (line) => [
      json({
        _index: '.fs-audit',
        _id: 'x',
        _source: {
          '@timestamp': TIME,
          document: { id: 'y', index: 'audit', source: { event: { original: line }, audit: { seq: 7 } } },
          error: { type: 'document_parsing_exception', message: 'x', stack_trace: 'y' },
        },
      }),
    ],
  },
  {
    product: 'Datadog',
    sends: 'logs of the preset `datadog` from a search: `{"attributes":{"attributes":{"line":"…"}}}`',
    reported: 'Datadog',
    wrap: (line) => [
      json({ id: 'x', type: 'log', attributes: { attributes: { audit: { seq: 7 }, line }, message: 'm', tags: [] } }),
    ],
  },
  {
    product: 'Datadog',
    sends: 'the whole answer of a search: `{"data":[…],"meta":{…}}`',
    reported: 'Datadog',
    wrap: (line) => [
      json({ data: [{ id: 'x', type: 'log', attributes: { attributes: { line } } }], meta: { status: 'done' } }),
    ],
  },
  {
    product: 'Datadog',
    sends: 'logs of the preset `datadog` from an archive: `{"attributes":{"line":"…"}}`',
    reported: 'Datadog',
    wrap: (line) => [json({ _id: 'x', date: TIME, service: 's', message: 'm', attributes: { line }, tags: [] })],
  },
  {
    product: 'Microsoft Sentinel',
    sends: 'rows of the preset `json-array`: `{"audit_id":"…","line":"…"}`',
    reported: 'JSON array',
    wrap: (line) => [json({ TimeGenerated: TIME, audit_id: 'x', audit_kind: 'intent', line, Type: 'Invites_CL' })],
  },
  {
    product: 'Cloudflare Pipelines',
    sends: 'events of a stream without a schema: `{"value":{"line":"…"}}`',
    reported: 'Cloudflare Pipelines',
    wrap: (line) => [json({ value: { time: TIME, audit_id: 'x', audit_kind: 'intent', line } })],
  },
  {
    product: 'Cloudflare Workers',
    sends: 'Logpush of traces: `{"Logs":[{"Message":["…"]}]}`',
    reported: 'Workers Logpush',
    wrap: (line) => [json({ EventType: 'fetch', Logs: [{ Level: 'log', Message: [line], TimestampMs: 1 }] })],
  },
  {
    product: 'Heroku',
    sends: '`heroku logs`',
    reported: 'syslog',
    wrap: (line) => [`2026-05-04T10:00:00.123456+00:00 app[web.1]: ${line}`],
  },
  {
    product: 'Cloud Foundry',
    sends: '`cf logs`',
    reported: 'Cloud Foundry',
    wrap: (line) => [`   2026-05-04T10:00:00.12+0000 [APP/PROC/WEB/0] OUT ${line}`],
  },
  {
    product: 'PM2',
    sends: '`pm2 logs`',
    reported: 'Compose',
    wrap: (line) => [`0|proxy  | ${line}`],
  },
  {
    product: '`jq`',
    sends: '`jq -R`: a JSON string a line',
    reported: 'JSON string',
    wrap: (line) => [json(line)],
  },
  {
    product: 'systemd',
    sends: '`journalctl -o json-sse --all`: `data: {…}`',
    reported: 'SSE + journalctl JSON',
    wrap: (line) => [`data: ${json({ MESSAGE: line, _PID: '42' })}`],
  },
  {
    product: 'Fluentd',
    sends: '`["tag", time, {"log":"…"}]`',
    reported: 'Fluent Bit',
    wrap: (line) => [json(['kube.proxy', 1_777_888_800, { log: line }])],
  },
  {
    product: 'Loki',
    sends: 'labels and the line: `{app="x"} {…}`',
    reported: 'logcli',
    wrap: (line) => [`{app="proxy", pod="proxy-0"} ${line}`],
  },
  {
    product: 'rsyslog',
    sends: 'JSON with the leading blank of a message: `{"msg":" {…}"}`',
    reported: 'JSON with msg + blanks',
    wrap: (line) => [json({ host: 'h', msg: ` ${line}` })],
  },
  {
    product: 'Docker',
    sends: 'the `splunk` driver: `{"event":{"line":"…","source":"stdout"}}`',
    reported: 'Docker splunk driver',
    wrap: (line) => [json({ event: { line, source: 'stdout', tag: 'ab12' }, time: '1777888800.1', host: 'h' })],
  },
  {
    product: 'Elasticsearch',
    sends: 'an answer of `_search`: `{"hits":{"hits":[{"_source":{…}}]}}`',
    reported: 'Elasticsearch + JSON with message',
    wrap: (line) => [json({ took: 1, hits: { total: 1, hits: [{ _id: 'x', _source: { message: line } }] } })],
  },
  {
    product: 'Logstash',
    sends: '`{"event":{"original":"…"}}`',
    reported: 'Logstash',
    wrap: (line) => [json({ '@timestamp': TIME, event: { original: line } })],
  },
  {
    product: 'Datadog',
    sends: 'an answer of its API: `{"content":{"message":"…"}}`',
    reported: 'Datadog',
    wrap: (line) => [json({ id: 'x', content: { service: 'proxy', message: line } })],
  },
  {
    product: 'Azure Monitor',
    sends: 'diagnostic settings: `{"resultDescription":"…"}`',
    reported: 'Azure Monitor',
    wrap: (line) => [json({ time: TIME, category: 'AppServiceConsoleLogs', resultDescription: line })],
  },
  {
    product: 'Azure Container Apps',
    sends: '`az containerapp logs show`: `{"TimeStamp":"…","Log":"…"}`',
    reported: 'Azure Container Apps',
    wrap: (line) => [json({ TimeStamp: TIME, Log: line })],
  },
  {
    product: 'Syslog',
    sends: 'RFC 6587 with a count of octets: `123 <14>1 …`',
    reported: 'syslog',
    wrap: (line) => [`123 <14>1 ${TIME} host-1 proxy 42 - - ${line}`],
  },
  {
    product: 'rsyslog, syslog-ng',
    sends: 'the cookie of CEE: `@cee: {…}`',
    reported: 'syslog + @cee',
    wrap: (line) => [`May  4 10:00:00 host-1 proxy[42]: @cee: ${line}`],
  },
  {
    product: 'Kubernetes',
    sends: '`kail`',
    reported: 'kail',
    wrap: (line) => [`default/proxy-0[proxy]: ${line}`],
  },
  {
    product: 'Kubernetes',
    sends: '`kubetail`',
    reported: 'kubetail',
    wrap: (line) => [`[proxy-0 proxy] ${line}`],
  },
  {
    product: 'Go programs',
    sends: 'the `log` package of Go: `2026/05/04 12:00:00 …`',
    reported: 'timestamps',
    wrap: (line) => [`2026/05/04 12:00:00 ${line}`],
  },
  {
    product: 'daemontools, s6',
    sends: 'TAI64N stamps: `@4000…`',
    reported: 'timestamps',
    wrap: (line) => [`@4000000069f86ea0075bcd15 ${line}`],
  },
  {
    product: 'Any of them',
    sends: 'a list of objects on one line',
    reported: 'Fluent Bit',
    wrap: (line) => [json([{ log: line }])],
  },
  {
    product: 'AWS, Google Cloud',
    sends: 'JSON printed over several lines, with the line in one string',
    reported: 'printed JSON',
    wrap: (line) => ['  {', '    "timestamp": 1,', `    "message": ${json(line)},`, '    "id": "x"', '  },'],
  },
];

/** The same value with the members of its objects in reverse order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, inner]) => [name, turned(inner)]),
  );
}
