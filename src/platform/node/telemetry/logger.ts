/**
 * The logger and the stdout sink: two channels of pino JSON lines on one stdout. `"channel":"ops"` marks operational
 * lines, `"channel":"audit"` the audit trail. An item of the trail is acknowledged when the kernel has taken its line.
 */
import { pino } from 'pino';
import { deliveredLine } from '../../../audit/format/formats.ts';
import type { AuditFormat } from '../../../audit/format/formats.ts';
import { SinkError } from '../../../audit/delivery/sink.ts';
import type { OutboxItem, Sink } from '../../../audit/delivery/sink.ts';
import { rfc3339 } from '../../../lib/rfc3339.ts';
import type { LogFields, Logger } from '../../../ports/logger.ts';
import type { Output } from './output.ts';

export interface LogOptions {
  readonly level: string;
  readonly service: { readonly name: string; readonly version: string; readonly instance: string };
}

const shape = {
  timestamp: () => `,"time":"${rfc3339(Date.now())}"`,
  formatters: { level: (label: string) => ({ level: label }) },
  messageKey: 'event',
};

export function createLogger({ level, service }: LogOptions, output: Pick<Output, 'line'>): Logger {
  // pino writes synchronously within the call, so the level of the call is the level of the line.
  let urgent = false;
  const log = pino(
    { ...shape, level, base: { channel: 'ops', ...service } },
    { write: (line) => output.line(line, urgent) },
  );
  const write =
    (at: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, fields: LogFields = {}) => {
      urgent = at === 'warn' || at === 'error';
      log[at](fields, event);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

/**
 * The stdout sink. Each item is one line, with the item under `record`, `checkpoint` or, in the OCSF format, `ocsf`.
 * Parsing and writing an RFC 8785 text gives the same text, so a native member verifies like the stored line. An item
 * that cannot be written as a line fails its whole batch: none of the batch is written, and no item is left out.
 */
export function createStdoutSink(output: Pick<Output, 'write'>, format: AuditFormat): Sink {
  // pino writes synchronously within the call, so `line` holds the line of that call.
  let line = '';
  const log = pino({ ...shape, level: 'info', base: { channel: 'audit' } }, { write: (text) => void (line = text) });

  function lineOf(item: OutboxItem): string {
    const member = format === 'native' ? item.kind : format;
    line = '';
    log.info({ [member]: JSON.parse(deliveredLine(format, item)) as unknown }, `audit_${item.kind}`);
    if (line === '') throw new Error('an item has no line');
    return line;
  }

  return {
    name: 'stdout',
    async write(items) {
      const text = items.map(lineOf).join('');
      try {
        await output.write(text);
      } catch {
        throw new SinkError('write_failed');
      }
    },
  };
}
