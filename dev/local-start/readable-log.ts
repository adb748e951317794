/**
 * Turns the JSON lines of a local run into one short line per request for a developer's terminal:
 * `403 POST /v2/invite_users hr-portal ann@notacme.com → no-rule`. A log line of the service has no address; addresses
 * come from the audit record of the same request, which follows the answer. This file is in dev/, which src/ never
 * imports, so the service in production cannot print such a line. Lines stay in the order of the answers.
 */
import type { Output } from '../../src/platform/node/telemetry/output.ts';
import { printable } from '../../src/cli/command-line/text.ts';
import { parseObject } from '../../src/lib/parse-object.ts';
import { describeRecord, isDecision } from './describe-record.ts';

export interface ReadableLogDeps {
  readonly output: Output;
  /** Calls back later, and gives a function that prevents it. */
  readonly later: (delayMs: number, run: () => void) => () => void;
  readonly paint: (style: 'green' | 'yellow' | 'red' | 'dim', text: string) => string;
}

interface Entry {
  /** Null until the record of the request is there. */
  text: string | null;
}

type Line = Readonly<Record<string, unknown>>;

/** An audit record follows its answer within a tenth of a second. Without audit on stdout, none ever comes. */
const RECORD_DELAY_MS = 500;
const MAX_RECORDS = 200;
/** Fields that are the same in every line, or that the short line has already. */
const USUAL = new Set([
  'level',
  'time',
  'channel',
  'name',
  'version',
  'runtime',
  'instance',
  'request_id',
  'trace_id',
  'event',
]);
/** What the start page says already. */
const SILENT_EVENTS = new Set(['listening']);
/** Answers that no record follows. */
const UNRECORDED =
  /^(?:malformed_request|idempotency_key_m\w+|missing_token|invalid_token|insufficient_scope|invalid_request|unsupported_media_type|\w+_too_large|identity_keys_unavailable|overloaded|ledger_unavailable)$/;

/** An output for the service: takes what it logs, and writes the short lines to `output`. */
export function createReadableLog({ output, later, paint }: ReadableLogDeps): Output {
  const entries: Entry[] = [];
  /** By request id: the ends of requests whose record has not arrived, and records whose answer has not. */
  const waiting = new Map<string, (described: string | null) => void>();
  const records = new Map<string, string>();

  function settle(): void {
    while (entries[0] !== undefined && entries[0].text !== null) output.line(`${entries.shift()?.text ?? ''}\n`);
  }

  function add(text: string | null): Entry {
    const entry = { text };
    entries.push(entry);
    settle();
    return entry;
  }

  function request(line: Line): void {
    const [id, code, status] = [String(line['request_id']), line['code'], Number(line['status'])];
    const colour = status < 300 ? 'green' : status < 500 ? 'yellow' : 'red';
    const start = `${paint(colour, String(status))} ${printable(`${String(line['method'])} ${String(line['route'])}`)}`;
    const end = typeof code === 'string' ? ` → ${code}` : '';
    const isInvite = line['method'] === 'POST' && line['route'] === '/v2/invite_users';
    if (!isInvite || (typeof code === 'string' && UNRECORDED.test(code))) {
      add(start + end);
      return;
    }
    const early = records.get(id);
    records.delete(id);
    const entry = add(early === undefined ? null : `${start} ${early}`);
    if (early !== undefined) return;
    const finish = (described: string | null): void => {
      stop();
      waiting.delete(id);
      entry.text = described === null ? start + end : `${start} ${described}`;
      settle();
    };
    const stop = later(RECORD_DELAY_MS, () => finish(null));
    waiting.set(id, finish);
  }

  function other(line: Line): void {
    if (SILENT_EVENTS.has(String(line['event']))) return;
    const fields = Object.entries(line).filter(([name]) => !USUAL.has(name));
    const text = [String(line['event']), ...fields.map(([name, value]) => `${name}=${plain(value)}`)].join(' ');
    const level = line['level'];
    add(paint(level === 'error' ? 'red' : level === 'warn' ? 'yellow' : 'dim', printable(text)));
  }

  function record(value: unknown): void {
    if (!isDecision(value)) return;
    const described = printable(describeRecord(value));
    const finish = waiting.get(value.request_id);
    if (finish !== undefined) {
      finish(described);
      return;
    }
    records.set(value.request_id, described);
    for (const oldest of records.keys()) if (records.size > MAX_RECORDS) records.delete(oldest);
  }

  function read(text: string): void {
    for (const one of text.split('\n').filter((part) => part !== '')) {
      const line = parseObject(one);
      if (line === null) add(printable(one));
      else if (line['channel'] === 'audit') record(line['record']);
      else if (line['event'] === 'http_request') request(line);
      else other(line);
    }
  }

  return {
    line: read,
    // What is delivered here is the terminal's share; the ledger keeps every record.
    async write(text) {
      read(text);
    },
    async flush() {
      for (const finish of waiting.values()) finish(null);
      await output.flush();
    },
  };
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
