import { isObject } from '../../lib/parse-object.ts';

/**
 * The JSON objects that log systems put around a line, as a table: what tells the form, and where the line is in it. The
 * first row that fits is the form. Pure, and no judgement: whether the line inside is a record is decided elsewhere.
 */
export interface JsonForm {
  /** As people call it; shown in reports. */
  readonly name: string;
  /** The object has all of these members. */
  readonly has: readonly string[];
  /** The way to the line; `*` is every item of an array. */
  readonly path: readonly string[];
  /** A line without its line end is continued by the next one. */
  readonly endsWithNewline?: true;
}

export const JSON_FORMS: readonly JsonForm[] = [
  { name: 'journalctl JSON', has: ['MESSAGE'], path: ['MESSAGE'] },
  { name: 'Docker json-file', has: ['log', 'stream', 'time'], path: ['log'], endsWithNewline: true },
  { name: 'Docker fluentd driver', has: ['log', 'container_id'], path: ['log'] },
  { name: 'Fluent Bit', has: ['log'], path: ['log'] },
  { name: 'OTLP JSON', has: ['resourceLogs'], path: otlpPath('stringValue') },
  { name: 'Cloud Logging', has: ['textPayload'], path: ['textPayload'] },
  { name: 'Cloud Logging', has: ['jsonPayload'], path: ['jsonPayload'] },
  { name: 'CloudWatch subscription', has: ['logEvents'], path: ['logEvents', '*', 'message'] },
  { name: 'CloudWatch events', has: ['events'], path: ['events', '*', 'message'] },
  { name: 'CloudWatch Insights', has: ['@message'], path: ['@message'] },
  { name: 'Azure Monitor', has: ['LogMessage'], path: ['LogMessage'] },
  { name: 'Azure Monitor', has: ['LogEntry'], path: ['LogEntry'] },
  { name: 'Azure Monitor', has: ['Log_s'], path: ['Log_s'] },
  { name: 'Azure Monitor', has: ['resultDescription'], path: ['resultDescription'] },
  { name: 'Azure Container Apps', has: ['TimeStamp', 'Log'], path: ['Log'] },
  { name: 'Loki', has: ['line', 'timestamp'], path: ['line'] },
  { name: 'Loki', has: ['streams'], path: ['streams', '*', 'values', '*', '1'] },
  { name: 'Loki', has: ['data', 'status'], path: ['data', 'result', '*', 'values', '*', '1'] },
  { name: 'JSON array', has: ['audit_id', 'line'], path: ['line'] },
  { name: 'Cloudflare Pipelines', has: ['value'], path: ['value', 'line'] },
  { name: 'Elasticsearch', has: ['_source'], path: ['_source'] },
  { name: 'Elasticsearch', has: ['hits'], path: ['hits', 'hits', '*'] },
  { name: 'Elasticsearch', has: ['fields'], path: ['fields', 'event.original', '*'] },
  { name: 'Elasticsearch', has: ['event.original'], path: ['event.original'] },
  { name: 'failure store', has: ['document', 'error'], path: ['document', 'source'] },
  { name: 'Splunk', has: ['result'], path: ['result', '_raw'] },
  { name: 'Splunk', has: ['results'], path: ['results', '*'] },
  { name: 'Splunk', has: ['_raw'], path: ['_raw'] },
  { name: 'Workers tail', has: ['logs', 'outcome'], path: ['logs', '*', 'message', '*'] },
  { name: 'Workers Logpush', has: ['Logs'], path: ['Logs', '*', 'Message', '*'] },
  { name: 'CloudEvents', has: ['specversion', 'data'], path: ['data'] },
  { name: 'GELF', has: ['full_message'], path: ['full_message'] },
  { name: 'GELF', has: ['short_message'], path: ['short_message'] },
  { name: 'Vector', has: ['message', 'source_type'], path: ['message'] },
  { name: 'Datadog', has: ['attributes'], path: ['attributes', 'attributes', 'line'] },
  { name: 'Datadog', has: ['attributes'], path: ['attributes', 'line'] },
  { name: 'JSON with message', has: ['message'], path: ['message'] },
  { name: 'JSON with msg', has: ['msg'], path: ['msg'] },
  { name: 'Datadog', has: ['content'], path: ['content', 'message'] },
  { name: 'Datadog', has: ['data', 'meta'], path: ['data', '*'] },
  { name: 'Docker splunk driver', has: ['event'], path: ['event', 'line'] },
  { name: 'Logstash', has: ['event'], path: ['event', 'original'] },
  { name: 'Splunk', has: ['event'], path: ['event'] },
  { name: 'OTLP, stored', has: ['body'], path: ['body', 'text'] },
  { name: 'OTLP, stored', has: ['body'], path: ['body'] },
  { name: 'OTLP, stored', has: ['Body'], path: ['Body'] },
  { name: 'VictoriaLogs', has: ['_msg'], path: ['_msg'] },
];

function otlpPath(value: string): readonly string[] {
  return ['resourceLogs', '*', 'scopeLogs', '*', 'logRecords', '*', 'body', value];
}

export interface JsonContents {
  readonly form: JsonForm;
  /** Texts and objects. */
  readonly contents: readonly (string | Readonly<Record<string, unknown>>)[];
}

/** Null when no form fits, or none with a line in its place. */
export function contentsOf(value: Readonly<Record<string, unknown>>): JsonContents | null {
  for (const form of JSON_FORMS) {
    if (!form.has.every((name) => name in value)) continue;
    const contents = at(value, form.path).flatMap((found) => asContent(found));
    if (contents.length > 0) return { form, contents };
  }
  return null;
}

function at(value: unknown, [name, ...rest]: readonly string[]): readonly unknown[] {
  if (name === undefined) return [value];
  if (name === '*') return Array.isArray(value) ? value.flatMap((inner) => at(inner, rest)) : [];
  if (typeof value !== 'object' || value === null) return [];
  return at((value as Readonly<Record<string, unknown>>)[name], rest);
}

/** The members of our own lines, and of wrappers that may be in another one. */
const MEMBERS = new Set([
  ...['record', 'checkpoint', 'ocsf', 'raw_data', 'seq', 'head', 'channel'],
  ...JSON_FORMS.flatMap(({ has }) => has),
]);

/** An object with none of the members is no line, as `log` of Filebeat is none. journalctl writes some texts as bytes. */
function asContent(found: unknown): readonly (string | Readonly<Record<string, unknown>>)[] {
  if (typeof found === 'string') return [found];
  if (isObject(found)) return Object.keys(found).some((name) => MEMBERS.has(name)) ? [found] : [];
  if (!Array.isArray(found) || !found.every((byte) => Number.isInteger(byte) && byte >= 0 && byte < 256)) return [];
  return found.length === 0 ? [] : [new TextDecoder().decode(Uint8Array.from(found as number[]))];
}

/** The marks of a line that was too long for one entry. Each says whether more of the line follows. */
const SPLITS: readonly { readonly member: string; readonly continues: (value: unknown, entry: object) => boolean }[] = [
  { member: 'logtag', continues: isP },
  { member: '_p', continues: isP },
  { member: 'partial_message', continues: (value, entry) => isTrue(value) && !isTrueIn(entry, 'partial_last') },
  { member: 'CONTAINER_PARTIAL_MESSAGE', continues: isTrue },
  { member: '_LINE_BREAK', continues: (value) => value === 'line-max' },
];

function isP(value: unknown): boolean {
  return typeof value === 'string' && value.split(':')[0] === 'P';
}

function isTrue(value: unknown): boolean {
  return String(value) === 'true';
}

function isTrueIn(entry: object, name: string): boolean {
  return isTrue((entry as Readonly<Record<string, unknown>>)[name]);
}

/** What tells apart lines that are written at the same time. */
const WRITERS = [
  'stream',
  'source',
  'attrs',
  'kubernetes',
  'container_id',
  'file',
  'path',
  'CONTAINER_ID',
  '_STREAM_ID',
  '_PID',
  'PRIORITY',
];

export interface Split {
  /** More of this line follows. Null: this form has no mark, and the line's end says it. */
  readonly continues: boolean | null;
  /** The pieces of one line have the same one. */
  readonly key: string;
}

export function splitOf(value: Readonly<Record<string, unknown>>, { endsWithNewline }: JsonForm): Split {
  const mark = SPLITS.find(({ member }) => member in value);
  const key = JSON.stringify(WRITERS.flatMap((name) => (name in value ? [name, value[name]] : [])));
  if (mark !== undefined) return { continues: mark.continues(value[mark.member], value), key };
  return { continues: endsWithNewline === true ? null : false, key };
}
