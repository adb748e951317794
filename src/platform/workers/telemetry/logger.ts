/**
 * Two channels of pino JSON lines, as on Node: `"channel":"ops"` for operational lines, `"channel":"audit"` for audit
 * records. Each line is one `console.log`, which Workers Logs, Logpush and Tail Workers receive. The import is
 * `pino/pino.js`, because the bundler resolves `pino` to the browser build, which ignores `redact` and `base`.
 */
import { pino } from 'pino/pino.js';
import type { AuditFormat } from '../../../audit/format/formats.ts';
import { stdoutLine } from '../../../audit/format/stdout-line.ts';
import type { Sink } from '../../../audit/delivery/sink.ts';
import { rfc3339 } from '../../../lib/rfc3339.ts';
import type { LogFields, Logger } from '../../../ports/logger.ts';

export interface LogOptions {
  readonly level: string;
  readonly service: { readonly name: string; readonly version: string; readonly instance: string };
}

/** Receives one line, without its line end. */
export type WriteLine = (line: string) => void;

// oxlint-disable-next-line no-console -- A Worker has no other output stream.
const toConsole: WriteLine = (line) => console.log(line);

const shape = {
  timestamp: () => `,"time":"${rfc3339(Date.now())}"`,
  formatters: { level: (label: string) => ({ level: label }) },
  messageKey: 'event',
};

export function createLogger({ level, service }: LogOptions, write: WriteLine = toConsole): Logger {
  const log = pino({ ...shape, level, base: { channel: 'ops', ...service } }, destination(write));
  const at =
    (label: 'debug' | 'info' | 'warn' | 'error') =>
    (event: string, fields: LogFields = {}) =>
      log[label](fields, event);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** The stdout sink: one line per item. */
export function createStdoutSink(format: AuditFormat, write: WriteLine = toConsole): Sink {
  return {
    name: 'stdout',
    async write(items) {
      const time = rfc3339(Date.now());
      for (const item of items) write(stdoutLine(format, item, time));
    },
  };
}

function destination(write: WriteLine): { write(line: string): void } {
  return { write: (line) => write(line.trimEnd()) };
}
