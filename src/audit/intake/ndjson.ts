import type { Intake } from './intake.ts';
import { ORIGIN_ANSWERS } from './rows.ts';

/**
 * Any receiver of newline-delimited JSON: Vector, Fluent Bit, Logstash, a function of one's own. One line an entry, as it
 * is delivered. CloudEvents 1.0 fields in binary mode describe the batch. A complete 2xx answer is the acknowledgement,
 * whatever its body says.
 */
export const ndjson = {
  title: 'a receiver of NDJSON',
  contentType: 'application/x-ndjson',
  isGzipTaken: true,
  hasCloudEvents: true,
  credentials: { field: 'Authorization', scheme: 'Bearer ' },
  needsCredentials: false,
  limits: { bodyBytes: Infinity, entries: Infinity, entryBytes: Infinity },
  frame: ({ line }) => `${line}\n`,
  join: (frames) => frames.join(''),
  read: () => [],
  failure: () => null,
  urlProblem: () => null,
  owns: () => false,
  probe: ORIGIN_ANSWERS,
} as const satisfies Intake;
