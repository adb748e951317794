/**
 * The logger and the stdout sink: two channels of pino JSON lines on one stdout. `"channel":"ops"` marks operational
 * lines, `"channel":"audit"` the audit trail. An item of the trail is acknowledged when the kernel has taken its line.
 */
import { pino } from 'pino';
import type { AuditFormat } from '../../../audit/format/formats.ts';
import { stdoutLine } from '../../../audit/format/stdout-line.ts';
import { SinkError } from '../../../audit/delivery/sink.ts';
import type { Sink } from '../../../audit/delivery/sink.ts';
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
 * The stdout sink: one line per item. An item that cannot be written as a line fails its whole batch: none of the batch
 * is written, and no item is left out.
 */
export function createStdoutSink(output: Pick<Output, 'write'>, format: AuditFormat): Sink {
  return {
    name: 'stdout',
    async write(items) {
      const time = rfc3339(Date.now());
      const text = items.map((item) => `${stdoutLine(format, item, time)}\n`).join('');
      try {
        await output.write(text);
      } catch {
        throw new SinkError('write_failed');
      }
    },
  };
}
