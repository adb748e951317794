import { SinkError } from '../delivery/sink.ts';
import type { Intake } from './intake.ts';
import { jsonIn, pathOf } from './rows.ts';

/**
 * Splunk's HTTP Event Collector, and what speaks its protocol (Cribl, Vector, LogScale). Each entry is an event whose text
 * is the line verbatim, so `_raw` is the line. Index, source type and host are those of the token. From the pages
 * - https://help.splunk.com/splunk-enterprise/get-data-in/collect-http-event-data/format-events-for-http-event-collector
 * - https://help.splunk.com/en/splunk-enterprise/get-data-in/collect-http-event-data/troubleshoot-http-event-collector
 *   (the table of status codes)
 * Splunk Cloud takes at most 1 MB in a request; Splunk Enterprise has `max_content_length` in limits.conf. An `ackId` in
 * the answer is not used: it belongs to tokens with indexer acknowledgement, which need a channel and are refused (code 10).
 */
const HEALTHY = 17;

/** Codes of a 200: success, also when the queue (24) or the channels for acknowledgements (25) are nearly full. */
const TAKEN: ReadonlySet<unknown> = new Set([0, 24, 25]);

/** Codes of a 400 that are about one event: invalid data, no event, a blank event, indexed fields. */
const OF_ONE_EVENT: ReadonlySet<unknown> = new Set([6, 12, 13, 15]);

const EVENT_PATH = /\/services\/collector(?:\/event(?:\/1\.0)?)?$/;

export const splunkHec = {
  title: 'Splunk HEC',
  contentType: 'application/json',
  isGzipTaken: true,
  credentials: { field: 'Authorization', scheme: 'Splunk ' },
  needsCredentials: true,
  limits: { bodyBytes: 1_000_000, entries: Infinity, entryBytes: Infinity },
  frame({ facts, line }) {
    // Seconds since the epoch. Splunk takes the time of arrival where there is none.
    const time = facts.time === null ? {} : { time: Date.parse(facts.time) / 1000 };
    return JSON.stringify({ ...time, event: line });
  },
  join: (frames) => frames.join(''),
  read(answer) {
    if (answer.text.trim() === '') return [];
    const code = jsonIn(answer)?.['code'];
    if (TAKEN.has(code)) return [];
    throw new SinkError(typeof code === 'number' ? 'refused' : 'unreadable_answer');
  },
  failure(answer) {
    if (answer.status !== 400) return null;
    return OF_ONE_EVENT.has(jsonIn(answer)?.['code']) ? 'content_refused' : 'refused';
  },
  urlProblem(url) {
    const path = pathOf(url);
    if (EVENT_PATH.test(path)) return null;
    return path.endsWith('/services/collector/raw') || path.includes('/services/collector/raw/')
      ? 'must end in /services/collector/event: the raw endpoint takes no events in JSON'
      : 'must end in /services/collector/event for the preset splunk-hec';
  },
  owns: (url) => EVENT_PATH.test(pathOf(url)),
  probe: {
    address: (url) => `${url.origin}${pathOf(url).replace(EVENT_PATH, '')}/services/collector/health`,
    problem(answer) {
      const json = jsonIn(answer);
      if (json === null || typeof json['code'] !== 'number') return 'does not answer as Splunk HEC does';
      if (answer.status === 200 && json['code'] === HEALTHY) return null;
      return `says that it takes no events now (HEC code ${String(json['code'])})`;
    },
  },
} as const satisfies Intake;
