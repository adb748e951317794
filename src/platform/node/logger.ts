/**
 * Two channels on one stdout, both pino JSON lines: `"channel":"ops"` for operational lines,
 * `"channel":"audit"` for audit records. A record counts as delivered when the kernel has its line.
 */
import { pino } from 'pino';
import type { Sink } from '../../audit/sink.ts';
import type { LogFields, Logger } from '../../ports/logger.ts';
import type { Output } from './output.ts';

export interface LogOptions {
  readonly level: string;
  readonly service: { readonly name: string; readonly version: string; readonly instance: string };
}

const shape = {
  timestamp: () => `,"time":"${new Date().toISOString()}"`,
  formatters: { level: (label: string) => ({ level: label }) },
  messageKey: 'event',
};

export function createLogger({ level, service }: LogOptions, output: Pick<Output, 'line'>): Logger {
  // pino writes while the call is under way, so the level of the call is the level of the line.
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
 * The stdout sink: one line a record, the record itself under `record`. Parsing and writing an RFC 8785 text
 * gives the same text back, so the member verifies like the stored line.
 */
export function createStdoutSink(output: Pick<Output, 'write'>): Sink {
  let lines: string[] = [];
  const log = pino({ ...shape, level: 'info', base: { channel: 'audit' } }, { write: (line) => void lines.push(line) });
  return {
    name: 'stdout',
    async write(records) {
      for (const { line } of records) log.info({ record: JSON.parse(line) as unknown }, 'audit_record');
      const text = lines.join('');
      lines = [];
      await output.write(text);
    },
  };
}
