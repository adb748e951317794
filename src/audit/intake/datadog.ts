import { severityOf } from '../format/severity.ts';
import { SinkError } from '../delivery/sink.ts';
import type { Intake } from './intake.ts';
import { asArray, jsonIn, ORIGIN_ANSWERS, pathOf } from './rows.ts';

/**
 * Datadog's interface for logs. Datadog parses JSON in `message` and moves its reserved members (`service`, `source`, …),
 * so the line is verbatim in an attribute of its own, `line`, and `message` is a sentence. From the pages
 * - https://docs.datadoghq.com/api/latest/logs/send-logs/ (5 MB and 1,000 entries in a request; an entry above 1 MB is cut
 *   and answered with 2xx; times up to 18 hours in the past)
 * - https://docs.datadoghq.com/logs/log_configuration/processors/log_date_remapper/ (also at most 2 hours in the future;
 *   a log without a time gets the time of its arrival)
 * So an older record is sent without a time: Datadog dates it by its arrival, and the record's own time is in the line. An
 * entry that Datadog would cut is not sent.
 */
const HOUR_MS = 3_600_000;
/** An hour less than the limits: a request takes time, and clocks differ. */
const OLDEST_MS = 17 * HOUR_MS;
const NEWEST_MS = HOUR_MS;

export const datadog = {
  title: 'Datadog',
  contentType: 'application/json',
  isGzipTaken: true,
  credentials: { field: 'DD-API-KEY', scheme: '' },
  needsCredentials: true,
  limits: { bodyBytes: 5_000_000, entries: 1_000, entryBytes: 1_000_000 },
  frame({ facts, line }, nowMs) {
    const { id, kind, seq, request } = facts;
    const atMs = facts.time === null ? Number.NaN : Date.parse(facts.time);
    const isDated = atMs > nowMs - OLDEST_MS && atMs < nowMs + NEWEST_MS;
    return JSON.stringify({
      ddsource: 'galileo-invite-proxy',
      service: 'galileo-invite-proxy',
      status: severityOf(facts).toLowerCase(),
      message: `audit ${kind} ${String(seq)}${request === null ? '' : `, request ${request.id}: ${request.result}`}`,
      ...(isDated ? { timestamp: atMs } : {}),
      audit: { id, seq, kind, ...(request === null ? {} : { request_id: request.id, outcome: request.result }) },
      line,
    });
  },
  join: asArray,
  read(answer) {
    const errors = jsonIn(answer)?.['errors'];
    if (Array.isArray(errors) && errors.length > 0) throw new SinkError('refused');
    return [];
  },
  failure: () => null,
  urlProblem: (url) =>
    pathOf(url).endsWith('/api/v2/logs')
      ? null
      : 'must end in /api/v2/logs for the preset datadog, as in https://http-intake.logs.datadoghq.eu/api/v2/logs',
  owns: (url) => pathOf(url).endsWith('/api/v2/logs'),
  probe: ORIGIN_ANSWERS,
} as const satisfies Intake;
